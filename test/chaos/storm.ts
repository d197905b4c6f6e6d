import { setTimeout as delay } from 'node:timers/promises'
import type { Choices } from '../support/seeded-choices.ts'
import { type Course, follow, type HistoryName, openCourse } from './course.ts'
import { injections, weights } from './faults.ts'
import type { Field } from './field.ts'
import type { FaultKind } from './tally.ts'

/** Targets on their way at the same time. */
const lanes = 4
const histories: readonly HistoryName[] = ['kratos', 'triggerdev']

/**
 * Lets so many faults happen at random moments while real histories are applied to one fresh target after another, and then lets
 * those that are on their way arrive.
 *
 * @returns every target, arrived
 */
export async function storm(field: Field, faults: number): Promise<readonly Course[]> {
  const onTheirWay = new Set<Course>()
  const arrived: Course[] = []
  let blowing = true
  let opened = 0
  const lane = async (): Promise<void> => {
    while (blowing) {
      const number = opened++
      const course = await openCourse(field, histories[number % histories.length] ?? 'kratos', number)
      onTheirWay.add(course)
      await follow(field, course)
      onTheirWay.delete(course)
      arrived.push(course)
      field.log(`${course.target}: arrived`)
    }
  }
  const blow = async (): Promise<void> => {
    const healing = await injectAll(field, onTheirWay, faults)
    blowing = false
    await Promise.all(healing)
  }
  await Promise.all([blow(), ...Array.from({ length: lanes }, lane)])
  return arrived
}

async function injectAll(field: Field, onTheirWay: ReadonlySet<Course>, faults: number): Promise<Promise<void>[]> {
  const { choices, tally, over } = field
  const healing: Promise<void>[] = []
  const hitAtMs = new Map<Course, number>()
  for (let done = 0; done < faults; ) {
    over.throwIfAborted()
    await delay(choices.between(50, 900))
    const courses = [...onTheirWay]
    const course = chooseCourse(courses, hitAtMs, choices)
    if (course === undefined) continue
    const kind = chooseKind(choices)
    const injected = await injections[kind](field, { course, courses })
    if (injected === undefined) continue
    done += 1
    for (const victim of injected.victims) hitAtMs.set(victim, performance.now())
    tally.hit(
      kind,
      injected.victims.map(({ target }) => target),
    )
    // awaited at the end; until then a rejection waits too
    injected.healed?.catch(() => undefined)
    if (injected.healed !== undefined) healing.push(injected.healed)
    const whom = injected.victims.map(({ target, watch }) => `${target}@${watch.committed()}`).join(' ')
    field.log(`fault ${done}: ${kind} (${injected.detail}): ${whom}`)
  }
  return healing
}

/** How often a target is hit again before it moved on: while it recovers. */
const relentless = 0.2

/** One that moved since it was hit last, so that faults hit work; now and then, any. */
function chooseCourse(
  courses: readonly Course[],
  hitAtMs: ReadonlyMap<Course, number>,
  choices: Choices,
): Course | undefined {
  const moving = courses.filter((course) => course.watch.movedAtMs() > (hitAtMs.get(course) ?? 0))
  const eligible = choices.chance(relentless) ? courses : moving
  return eligible.length === 0 ? undefined : choices.pick(eligible)
}

function chooseKind(choices: Choices): FaultKind {
  const kinds = Object.entries(weights) as [FaultKind, number][]
  let left = choices.fraction() * kinds.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [kind, weight] of kinds) {
    left -= weight
    if (left < 0) return kind
  }
  return 'runner killed'
}

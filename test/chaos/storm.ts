import { setTimeout as delay } from 'node:timers/promises'
import type { Choices } from '../support/seeded-choices.ts'
import { type Course, follow, type HistoryName, openCourse } from './course.ts'
import { injections, weights } from './faults.ts'
import type { Field } from './field.ts'
import type { FaultKind } from './tally.ts'
import { goBack } from './way-back.ts'

/** Targets on their way at the same time. */
const lanes = 4
const histories: readonly HistoryName[] = ['kratos', 'triggerdev']
/** Of every migration; such a history is taken back as soon as it has arrived. */
const hasWayBack: Readonly<Record<HistoryName, boolean>> = { kratos: true, triggerdev: false }

/**
 * Lets so many faults happen at random moments while real histories are applied to one fresh target after another, and taken back
 * where there is a way, and then lets those that are on their way arrive.
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
      if (hasWayBack[course.history]) await goBack(field, course)
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
  const hits = new Map<Course, Hits>()
  for (let done = 0; done < faults; ) {
    over.throwIfAborted()
    await delay(choices.between(50, 900))
    const courses = [...onTheirWay]
    const course = chooseCourse(done < faults / 2 ? courses : courses.filter(isGoingBack), hits, choices)
    if (course === undefined) continue
    const kind = chooseKind(choices)
    const injected = await injections[kind](field, { course, courses })
    if (injected === undefined) continue
    done += 1
    for (const victim of injected.victims) {
      hits.set(victim, { times: 1 + hitsSinceMoved(hits, victim), lastAtMs: performance.now() })
    }
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

/** The second half of the faults waits for these: a way back is over sooner than a way there. */
const isGoingBack = ({ heading }: Course): boolean => heading === 'down'

interface Hits {
  /** Faults since the target moved last. */
  readonly times: number
  readonly lastAtMs: number
}

/** How often a target may be hit while it recovers. */
const relentless = 0.2
/** More faults without a receipt between them would keep a slow machine from ever recovering. */
const hitsWithoutMoving = 2

/** One that moved since it was hit last, so that faults hit work; now and then, one that is recovering. */
function chooseCourse(
  courses: readonly Course[],
  hits: ReadonlyMap<Course, Hits>,
  choices: Choices,
): Course | undefined {
  const allowed = choices.chance(relentless) ? hitsWithoutMoving : 1
  const eligible = courses.filter((course) => hitsSinceMoved(hits, course) < allowed)
  return eligible.length === 0 ? undefined : choices.pick(eligible)
}

const hitsSinceMoved = (hits: ReadonlyMap<Course, Hits>, course: Course): number => {
  const { times, lastAtMs } = hits.get(course) ?? { times: 0, lastAtMs: 0 }
  return course.watch.movedAtMs() > lastAtMs ? 0 : times
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

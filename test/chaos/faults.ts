import { setTimeout as delay } from 'node:timers/promises'
import { identifyProcess, isRunning, type ProcessIdentity } from '../../scripts/local/process-identity.ts'
import { type Course, leaseMs } from './course.ts'
import type { Field } from './field.ts'
import { cuts } from './link.ts'
import { ownerOf } from './socket-owner.ts'
import type { FaultKind } from './tally.ts'

export interface Aim {
  /** The target to hit, where a fault can hit one alone. */
  readonly course: Course
  /** All targets on their way, `course` among them. */
  readonly courses: readonly Course[]
}

/** A fault that was done to someone; `healed` settles when the world is whole again. */
export interface Injected {
  readonly victims: readonly Course[]
  readonly detail: string
  readonly healed?: Promise<void>
}

type Injection = (field: Field, aim: Aim) => Promise<Injected | undefined>

/** Each kind as often as its number says, relative to the others. */
export const weights: Readonly<Record<FaultKind, number>> = {
  'runner killed': 22,
  'front killed': 14,
  'rollback front killed': 8,
  'connections cut': 22,
  'all connections cut': 6,
  'network frozen': 14,
  'runner stopped past its lease': 12,
  'server restarted': 5,
  'server crashed': 5,
}

/** What each kind does; undefined when there is nobody to do it to at the moment. */
export const injections: Readonly<Record<FaultKind, Injection>> = {
  'runner killed': async (field, { course, courses }) => {
    const own = runnerOf(field, course)
    const pid = own ?? anyBusy(field, 'lockstep-runner')
    if (pid === undefined) return undefined
    process.kill(pid, 'SIGKILL')
    return { victims: own === undefined ? courses : [course], detail: `pid ${pid}` }
  },

  'front killed': async (field, { courses }) => {
    const pid = anyBusy(field, 'lockstep-apply')
    if (pid === undefined) return undefined
    process.kill(pid, 'SIGKILL')
    return { victims: courses, detail: `pid ${pid}` }
  },

  'rollback front killed': async (field, { courses }) => {
    const victims = courses.filter(({ heading }) => heading === 'down')
    const pid = victims.length === 0 ? undefined : anyBusy(field, 'lockstep-rollback')
    if (pid === undefined) return undefined
    process.kill(pid, 'SIGKILL')
    return { victims, detail: `pid ${pid}` }
  },

  'connections cut': async ({ choices }, { course }) => {
    if (course.link.clientPorts().length === 0) return undefined
    const how = choices.pick(cuts)
    course.link.cut(how)
    return { victims: [course], detail: how }
  },

  'all connections cut': async ({ choices }, { courses }) => {
    if (courses.every(({ link }) => link.clientPorts().length === 0)) return undefined
    const how = choices.pick(cuts)
    for (const { link } of courses) link.cut(how)
    return { victims: courses, detail: how }
  },

  'network frozen': async ({ choices }, { course }) => {
    if (course.link.clientPorts().length === 0) return undefined
    const forMs = choices.between(300, 2 * leaseMs)
    course.link.freeze()
    const healed = delay(forMs).then(() => course.link.thaw())
    return { victims: [course], detail: `for ${Math.round(forMs)} ms`, healed }
  },

  'runner stopped past its lease': async (field, { course }) => {
    const pid = runnerOf(field, course)
    const stopped = pid === undefined ? undefined : identifyProcess(pid)
    if (stopped === undefined) return undefined
    const forMs = field.choices.between(1.5 * leaseMs, 4 * leaseMs)
    process.kill(stopped.pid, 'SIGSTOP')
    // nobody overtakes a stopped runner but another run
    const healed = Promise.all([course.push(), delay(forMs)]).then(
      () => goOn(stopped),
      (thrown: unknown) => {
        goOn(stopped)
        throw thrown
      },
    )
    field.tally.count('rivals')
    return { victims: [course], detail: `pid ${stopped.pid} for ${Math.round(forMs)} ms`, healed }
  },

  'server restarted': async ({ database, choices }, { courses }) => {
    if (!database.isUp()) return undefined
    const downMs = choices.between(0, 1_500)
    const healed = database.restart('orderly', downMs)
    return { victims: courses, detail: `down for ${Math.round(downMs)} ms`, healed }
  },

  'server crashed': async ({ database, choices }, { courses }) => {
    if (!database.isUp()) return undefined
    const downMs = choices.between(0, 1_500)
    const healed = database.restart('crash', downMs)
    return { victims: courses, detail: `down for ${Math.round(downMs)} ms`, healed }
  },
}

const goOn = (stopped: ProcessIdentity): void => {
  if (isRunning(stopped)) process.kill(stopped.pid, 'SIGCONT')
}

const busy = ({ cloud }: Field, name: string): readonly number[] =>
  cloud.cloud
    .functionProcesses()
    .filter((running) => running.name === name && running.busy)
    .map(({ pid }) => pid)

/** The runner that is connected to the target's database. */
const runnerOf = (field: Field, { link }: Course): number | undefined =>
  ownerOf(link.clientPorts(), busy(field, 'lockstep-runner'))

const anyBusy = (field: Field, name: string): number | undefined => {
  const pids = busy(field, name)
  return pids.length === 0 ? undefined : field.choices.pick(pids)
}

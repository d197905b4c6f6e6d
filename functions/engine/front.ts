import type { AuditDraft } from '../domain/audit.ts'
import { runIdOf, targetOfKey } from '../domain/bundle-key.ts'
import { asLockstepError, type Failure, LockstepError, toFailure } from '../domain/errors.ts'
import { type Actor, type BundleObject, isFinal, type RunRecord } from '../domain/records.ts'
import type { RunId, TargetName } from '../domain/types.ts'
import type { ControlStore, NewRun } from './control-store.ts'
import { keepInvisible, type MessageHandle, type Queue } from './queue.ts'
import { showActor } from './run-context.ts'
import type { AdvanceRequest, RunnerAnswer } from './runner-contract.ts'
import type { Clock, Deadline, Log, Random } from './system.ts'

/** Everything outside that the queue's front touches; it has no way to the database. */
export interface FrontPorts {
  readonly queue: Queue
  readonly control: ControlStore
  /** Invokes the runner and waits for its answer; throws AWS_THROTTLED when it was not started, and else when it crashed or timed out. */
  readonly invokeRunner: (request: AdvanceRequest) => Promise<RunnerAnswer>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** One run, as one message of the queue tells of it. */
export type Delivery = Upload | QueuedRun

interface Delivered {
  readonly message: MessageHandle
  readonly receiveCount: number
}

/** An upload, which makes the run. */
export interface Upload extends Delivered {
  readonly object: BundleObject
  readonly actor: Actor
}

/** A run that another front made. */
export interface QueuedRun extends Delivered {
  readonly target: TargetName
  readonly run: RunId
}

/** `done`: the message may be deleted; `again`: it comes back when its visibility ends. */
export type MessageFate = 'done' | 'again'

/** Starts that ended in no answer; then the run is CRASHED. */
const maxCrashes = 5
/** Far below the queue's own limit, so that a copy, not a redrive, tells what happened. */
const maxReceives = 500
const maxWaitMs = 24 * 60 * 60 * 1000
/** The front needs this much of its own time to answer after the runner did. */
const answerReserveMs = 30_000
/** A function with a short timeout keeps a tenth of it instead. */
const answerReserveShare = 0.1

/**
 * Carries one run forward: counts the start before anything else, asks the runner, and turns its answer into the message's
 * fate. A crashed runner is noticed at once, since its invocation fails.
 */
export async function handleDelivery(ports: FrontPorts, delivery: Delivery, deadline: Deadline): Promise<MessageFate> {
  const { control, clock, log } = ports
  await using visibility = await keepInvisible(ports, delivery.message)
  const made = 'object' in delivery ? newRun(delivery, clock) : await control.readRun(delivery.target, delivery.run)
  if (made === undefined) return await keepUnknown(ports, delivery)
  const { id, target } = made
  const run = await control.countStart(made)
  if (isFinal(run.state)) return 'done'
  const hopeless = whyHopeless(run, delivery, Date.parse(clock.now()))
  if (hopeless !== undefined) return giveUp(ports, delivery, run, hopeless)

  const answer = await askRunner(ports, run, deadline)
  if (answer === 'crashed') {
    await visibility.returnIn(1)
    return 'again'
  }
  await control.returnStart(target, id)
  log.info('runner answered', { kind: answer.kind, run: id })
  switch (answer.kind) {
    case 'done':
      return 'done'
    case 'more':
      await visibility.returnIn(0)
      return 'again'
    case 'held':
    case 'unreachable':
      await visibility.returnIn(waitSeconds(ports.random))
      return 'again'
  }
}

const newRun = ({ object, actor }: Upload, clock: Clock): NewRun => ({
  id: runIdOf(object),
  target: targetOfKey(object.key),
  direction: 'up',
  work: { kind: 'bundle', object },
  actor,
  createdAt: clock.now(),
})

/** The control table was restored, or the message is a forgery: nothing says what the run has to do. */
async function keepUnknown({ queue, log }: FrontPorts, { message }: Delivered): Promise<'done'> {
  log.warn('a message names a run that nobody made', { body: message.body })
  await queue.copyToDeadLetters(message)
  return 'done'
}

const reserveOf = (remainingMs: number): number => Math.min(answerReserveMs, remainingMs * answerReserveShare)

/** 5 to 30 s with jitter. */
const waitSeconds = (random: Random): number => 5 + Math.floor(random.fraction() * 26)

async function askRunner(
  { invokeRunner, log }: FrontPorts,
  { id, target, actor }: RunRecord,
  deadline: Deadline,
): Promise<RunnerAnswer | 'crashed'> {
  const remainingMs = deadline.remainingMs()
  const budgetMs = Math.floor(remainingMs - reserveOf(remainingMs))
  try {
    return await invokeRunner({ action: 'advance', target, run: id, actor, budgetMs })
  } catch (thrown) {
    const error = asLockstepError(thrown)
    if (error.code === 'AWS_THROTTLED') return { kind: 'unreachable', failure: toFailure(error) }
    log.warn('runner crashed', { run: id, error: error.message })
    return 'crashed'
  }
}

interface Hopeless {
  readonly state: 'CRASHED' | 'EXPIRED'
  readonly failure: Failure
}

function whyHopeless(run: RunRecord, { receiveCount }: Delivered, nowMs: number): Hopeless | undefined {
  if (run.starts > maxCrashes) {
    return hopeless('CRASHED', 'RUN_CRASHED', `the runner was started ${maxCrashes} times and never answered`)
  }
  const waitedTooLong = nowMs - Date.parse(run.createdAt) >= maxWaitMs
  if (!waitedTooLong && receiveCount < maxReceives) return undefined
  return hopeless('EXPIRED', 'RUN_EXPIRED', `the run waits since ${run.createdAt}, ${receiveCount} receives`)
}

const hopeless = (state: Hopeless['state'], code: 'RUN_CRASHED' | 'RUN_EXPIRED', message: string): Hopeless => ({
  state,
  failure: toFailure(new LockstepError(code, message)),
})

/** Ends the run and keeps a copy of its message in the dead-letter queue; the bundle stays in S3. */
async function giveUp(
  ports: FrontPorts,
  { message }: Delivered,
  run: RunRecord,
  { state, failure }: Hopeless,
): Promise<'done'> {
  const { control, queue, clock, log } = ports
  const event: AuditDraft = {
    type: 'run.finished',
    at: clock.now(),
    run: run.id,
    actor: showActor(run.actor),
    data: { state, code: failure.code, message: failure.message },
  }
  log.warn('run given up', { run: run.id, state })
  await control.finishRun(run.target, run.id, { state, applied: run.applied, failure, notices: [] }, [event])
  await queue.copyToDeadLetters(message)
  return 'done'
}

import { rm } from 'node:fs/promises'
import { connectToLocal } from '../cli/connection.ts'
import { startCloud } from '../local/cloud.ts'
import { makeHeartbeatBreaker } from './heartbeat-breaker.ts'
import { type Sampler, startSampler } from './sampler.ts'
import { makeStage, type Stage } from './stage.ts'

/** A cloud for one game day, with what a scene needs of it. */
export interface GamedayCloud extends AsyncDisposable {
  readonly stage: Stage
  readonly sampler: Sampler
}

interface GamedayOptions {
  /** Holds all that the cloud writes; it is removed with it. */
  readonly stateDir: string
  /** The built functions; `dist/functions` unless given. */
  readonly artefacts?: string
  /** Ends all waiting. */
  readonly signal: AbortSignal
  readonly onProgress: (text: string) => void
}

/** Short, so that a dead holder is overtaken soon; the thresholds are those of every deployment. */
const settings = { leaseMs: 2_000, heartbeatMs: 500 }
const auditAttempts = 4
/** Scenes that wait keep an invocation of the front each. */
const concurrency = 10

/**
 * Starts an embedded cloud of its own for a game day.
 *
 * @throws LockstepError LOCAL_UNSUPPORTED, LOCAL_START_FAILED
 */
export async function startGamedayCloud(options: GamedayOptions): Promise<GamedayCloud> {
  const { stateDir, artefacts, signal, onProgress } = options
  await using started = new AsyncDisposableStack()
  started.defer(() => rm(stateDir, { recursive: true, force: true }))
  const breaker = makeHeartbeatBreaker()
  started.defer(() => breaker.stop())
  const cloud = await startCloud({
    stateDir,
    ...(artefacts !== undefined && { artefacts }),
    fsync: false,
    settings,
    auditAttempts,
    concurrency,
    variablesInside: breaker.standBefore,
    onProgress,
  })
  started.defer(() => cloud.stop())
  const sampler = started.use(startSampler(cloud))
  const connection = await connectToLocal(cloud.environment())
  const stage = makeStage({ cloud, connection, breaker, signal })
  const whole = started.move()
  return { stage, sampler, [Symbol.asyncDispose]: () => whole.disposeAsync() }
}

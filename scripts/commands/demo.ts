import { fileURLToPath } from 'node:url'
import { systemClock } from '../../functions/adapters/system.ts'
import { type Failure, LockstepError, toFailure } from '../../functions/domain/errors.ts'
import type { TargetName } from '../../functions/domain/types.ts'
import { type CheckReport, checkHistory } from '../cli/check-history.ts'
import { type Context, type Outcome, succeeded } from '../cli/command.ts'
import { type DemoCloud, startDemoCloud } from '../cli/demo-cloud.ts'
import { flawOf, readProof, showProof } from '../cli/demo-proof.ts'
import { type HistoryInput, openHistory } from '../cli/history-input.ts'
import { watchInterrupt } from '../cli/interrupt.ts'
import { lastEventSeq } from '../cli/last-event.ts'
import { showProgress } from '../cli/live-line.ts'
import { readTarget } from '../cli/options.ts'
import { type Output, shorten } from '../cli/output.ts'
import { packInput } from '../cli/packed-bundle.ts'
import { summaryOf } from '../cli/run-display.ts'
import { count, formatDuration } from '../cli/units.ts'
import { upload } from '../cli/upload.ts'
import { type WatchedRun, watchRun } from '../cli/watch-run.ts'

const migrationsFolder = fileURLToPath(new URL('../../migrations', import.meta.url))
const target: TargetName = readTarget('demo')
/** Far more than a demo takes, on a slow machine too. */
const timeoutMs = 120_000

/** What one demo works with. */
interface Demo {
  readonly output: Output
  readonly cloud: DemoCloud
  readonly history: HistoryInput
  readonly report: CheckReport
  readonly signal: AbortSignal
}

/**
 * Migrates the example history on a cloud of its own, shows the proof in three places, and uploads the history again to show that
 * nothing happens twice. The cloud is gone afterwards, also after Ctrl-C.
 *
 * @throws LockstepError LOCAL_UNSUPPORTED, LOCAL_START_FAILED
 */
export async function demo(context: Context): Promise<Outcome> {
  const { output, cwd } = context
  const history = await openHistory(migrationsFolder, cwd)
  const report = await checkHistory(history, cwd)
  explain(output, report)
  using interrupt = watchInterrupt()
  const startedAt = performance.now()
  const { signal } = interrupt
  const failure = await perform(context, { output, history, report, signal }).catch(throwUnlessAborted(signal))
  if (signal.aborted) return { document: {}, failures: [stopped()] }
  if (failure !== undefined) return { document: {}, failures: [failure] }
  output.line()
  output.line(`The cloud is stopped and gone. All of it took ${formatDuration(performance.now() - startedAt)}.`)
  return succeeded({})
}

const explain = (output: Output, { migrations }: CheckReport): void => {
  output.line('Start    a cloud on this machine: PostgreSQL, DynamoDB, S3, SQS, functions.')
  output.line(`Migrate  the example history, ${count(migrations.length, 'migration')}: the upload starts the run.`)
  output.line('Prove    it where it lies: receipts in PostgreSQL, ledger and audit in DynamoDB.')
  output.line('Again    the same upload: nothing is left to do.')
}

const perform = async (context: Context, demo: Omit<Demo, 'cloud'>): Promise<Failure | undefined> => {
  await using cloud = await startCloud(context)
  if (demo.signal.aborted) return undefined
  return await migrateTwice({ ...demo, cloud })
}

const startCloud = async (context: Context): Promise<DemoCloud> => {
  const { output } = context
  const startedAt = performance.now()
  heading(output, 'Start')
  const cloud = await showProgress(output, (onProgress) => startDemoCloud(context, onProgress))
  output.line(`  ${output.paint('green', '✓')} the cloud is up after ${formatDuration(performance.now() - startedAt)}`)
  return cloud
}

const migrateTwice = async (demo: Demo): Promise<Failure | undefined> => {
  const { output, cloud, report } = demo
  heading(output, 'Migrate')
  const first = await push(demo)
  if (first.failure !== undefined) return first.failure

  heading(output, 'Prove')
  const proof = await readProof(cloud, target)
  const flaw = flawOf(proof, report.migrations.length)
  if (flaw !== undefined) return flaw
  showProof(proof, output)

  heading(output, 'Again')
  return (await push(demo)).failure
}

const push = async ({ output, cloud, history, report, signal }: Demo): Promise<WatchedRun> => {
  const packed = await packInput(history, {})
  const eventsAfter = await lastEventSeq(cloud.status, target)
  const { run, object } = await upload(cloud, target, packed)
  const place = shorten(`s3://${object.bucket}/${object.key}`, output.columns - 2)
  output.line(`  ${output.paint('dim', place)}`)
  const names = report.migrations.map(({ name }) => name)
  const watched = await watchRun(cloud.status, {
    target,
    run,
    eventsAfter,
    timeoutMs,
    signal,
    clock: systemClock,
    output,
    names,
  })
  if (watched.run !== undefined && watched.failure === undefined) output.line(`  ${summaryOf(watched.run, output)}`)
  return watched
}

const heading = (output: Output, text: string): void => {
  output.line()
  output.line(output.paint('bold', text))
}

/** A Ctrl-C also reaches the compiler, which then fails; that is no failure of its own. */
const throwUnlessAborted =
  (signal: AbortSignal) =>
  (thrown: unknown): undefined => {
    if (!signal.aborted) throw thrown
  }

const stopped = (): Failure =>
  toFailure(new LockstepError('INTERRUPTED', 'the demo was stopped', { hint: 'its cloud was stopped with it' }))

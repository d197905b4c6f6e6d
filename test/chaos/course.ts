import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { FileSource } from '../../functions/domain/file-source.ts'
import { isFinal, type RunRecord } from '../../functions/domain/records.ts'
import type { RunId, TargetName } from '../../functions/domain/types.ts'
import { provisionTarget } from '../../scripts/local/provision-target.ts'
import { databaseUrl } from '../../scripts/local/target-names.ts'
import { folder, targetName } from '../support/e2e-cloud.ts'
import { eventually } from '../support/eventually.ts'
import type { Field } from './field.ts'
import { type Link, openLink } from './link.ts'
import { type ReceiptWatch, watchReceipts } from './receipt-watch.ts'

export const leaseMs = 2_000
const heartbeatMs = 500

export type HistoryName = 'kratos' | 'triggerdev'

export const corpusPath = (history: HistoryName): string =>
  resolve(import.meta.dirname, '..', '..', '..', 'shared', 'corpora', history)

/** A fresh target on its way to the end of a real history. */
export interface Course extends AsyncDisposable {
  readonly history: HistoryName
  readonly target: TargetName
  readonly link: Link
  readonly watch: ReceiptWatch
  /** Every run that an upload of this target started. */
  readonly runs: RunId[]
  /** Those whose end was seen and judged. */
  readonly judged: Set<RunId>
  /** Where it goes: on its way down, a push of the same bundle is refused. */
  heading: 'up' | 'down'
  push(): Promise<void>
}

/** Makes a target whose settings point to a link of its own. */
export async function openCourse(field: Field, history: HistoryName, number: number): Promise<Course> {
  const { cloud, database, tally } = field
  const target = targetName(`${history}-${number}`)
  const link = await openLink(database.port)
  await provisionThrough(field, target, link)
  const files: FileSource = await folder(corpusPath(history))
  const watch = watchReceipts(databaseUrl(database.url, target), () => tally.moved(target))
  const runs: RunId[] = []
  tally.count('targets')
  return {
    ...{ history, target, link, watch, runs, judged: new Set<RunId>(), heading: 'up' },
    async push() {
      const run = await cloud.push(target, files)
      runs.push(run)
      tally.count('runs')
      field.log(`${target}: pushed as ${run}`)
    },
    [Symbol.asyncDispose]: async () => {
      await watch[Symbol.asyncDispose]()
      await link[Symbol.asyncDispose]()
    },
  }
}

const provisionMs = 120_000

/** The faults of others go on meanwhile, so it may take more than one try. */
async function provisionThrough({ cloud, database }: Field, target: TargetName, link: Link): Promise<void> {
  const url = new URL(database.url)
  url.port = String(link.port)
  const controlTable = cloud.cloud.environment().LOCKSTEP_CONTROL_TABLE ?? ''
  const options = { databaseUrl: url.href, dynamodb: new DynamoDBClient({}), controlTable }
  await eventually(() => provisionTarget(target, { ...options, settings: { leaseMs, heartbeatMs } }), provisionMs)
}

const lookMs = 500
/** A pipeline that sees nothing move for so long pushes again, so that waits of the queue hide no work from the faults. */
const impatienceMs = 5_000
const openRunsAtMost = 3
/** Far above a message's visibility after its front was killed, the longest wait there is by design. */
export const stalledMs = 180_000

/**
 * Pushes until a run succeeds, as a pipeline does: again after a run that ended as unreachable or crashed, and when nothing moves.
 * Runs that are still open are left to find nothing to do.
 *
 * @throws Error when a run ends in any other way, or nothing moves at all
 */
export async function follow(field: Field, course: Course): Promise<void> {
  let pushedAtMs = performance.now()
  await course.push()
  for (;;) {
    field.over.throwIfAborted()
    await delay(lookMs)
    const { open, succeeded } = await look(field, course)
    if (succeeded) return field.tally.moved(course.target)
    const stillMs = performance.now() - course.watch.movedAtMs()
    if (stillMs > stalledMs) throw await stalled(field, course)
    const impatient = Math.min(stillMs, performance.now() - pushedAtMs) > impatienceMs && open.length < openRunsAtMost
    if (open.length > 0 && !impatient) continue
    field.tally.count('pushed again')
    pushedAtMs = performance.now()
    await course.push()
  }
}

/** Waits until no run of the target is open; what comes late finds nothing to do. */
export const settle = (field: Field, course: Course): Promise<void> =>
  eventually(async () => {
    const { open } = await look(field, course)
    if (open.length > 0) throw new Error(`${course.target} has arrived, and its runs ${open.join(', ')} do not end`)
  }, stalledMs)

interface Look {
  readonly open: readonly RunId[]
  readonly succeeded: boolean
}

/** Looks at the runs that were open until now. */
async function look(field: Field, course: Course): Promise<Look> {
  const open: RunId[] = []
  let succeeded = false
  for (const id of course.runs.filter((run) => !course.judged.has(run))) {
    const run = await readRun(field, course, id)
    if (run === undefined || !isFinal(run.state)) {
      open.push(id)
      continue
    }
    course.judged.add(id)
    if (judgeEnd(field, course, run) === 'done') succeeded = true
  }
  return { open, succeeded }
}

const readRun = async ({ cloud }: Field, { target }: Course, run: RunId): Promise<RunRecord | undefined> => {
  const answer = await cloud.cli.status({ target, run }).catch(() => undefined)
  return answer?.runs[0]
}

/** What a push is told while its migrations are taken back, or once they are. */
const onTheWayBack: ReadonlySet<string | undefined> = new Set(['HELD_BACK', 'HALF_APPLIED'])

function judgeEnd(field: Field, { heading }: Course, run: RunRecord): 'done' | 'push again' {
  field.log(`${run.target}: run ${run.id} ended ${run.state} ${run.failure?.code ?? ''}, applied ${run.applied}`)
  if (run.state === 'SUCCEEDED') return 'done'
  if (heading === 'down' && run.state === 'REFUSED' && onTheWayBack.has(run.failure?.code)) return 'done'
  const unreachable = run.state === 'FAILED' && run.failure?.code === 'TARGET_UNREACHABLE'
  if (!unreachable && run.state !== 'CRASHED') {
    const { code, message, migration } = run.failure ?? {}
    throw new Error(`${run.target}: run ${run.id} ended ${run.state}: ${code} ${message} (${migration})`)
  }
  field.tally.count(unreachable ? 'unreachable' : 'crashed')
  return 'push again'
}

export async function stalled({ cloud }: Field, { target, watch }: Course): Promise<Error> {
  const status = await cloud.cli.status({ target })
  return new Error(`${target} stands still at ${watch.committed()} receipts: ${JSON.stringify(status, null, 2)}`)
}

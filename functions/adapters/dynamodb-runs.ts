import type { AuditDraft } from '../domain/audit.ts'
import { sha256 } from '../domain/checksum.ts'
import { LockstepError } from '../domain/errors.ts'
import type { RunEnd, RunRecord } from '../domain/records.ts'
import type { Instant, RunId, TargetName } from '../domain/types.ts'
import type { ControlStore, NewRun } from '../engine/control-store.ts'
import { appendWith, type ControlTables, readChain } from './dynamodb-chain.ts'
import {
  faultIsNotCountedYet,
  isNotCountedYet,
  runIsNewOrNotOver,
  runIsNotOver,
  someStartIsCounted,
} from './dynamodb-conditions.ts'
import { updateOf } from './dynamodb-expressions.ts'
import type { Fields } from './dynamodb-fields.ts'
import { fitFailure, fitNotices } from './dynamodb-fit.ts'
import { partition, runKey, toRun } from './dynamodb-items.ts'

/** The local index of `edge/resources.ts` that lists a target's runs. */
const runsByCreation = 'runs-by-creation'

type RunOperations = 'countStart' | 'returnStart' | 'countFault' | 'readRun' | 'latestRuns' | 'finishRun'

/**
 * The RUN item's counters, readings, and its end outside a lease.
 *
 * Counters survive lost answers: each call names its count, and a count with that name is not made twice. Only when another call
 * counts in between is a lost answer counted twice; then a run is given up one crashed start too early (or, for a start taken
 * back twice, too late). A fault is named by its instant, so that even the caller may repeat it.
 */
export const runOperations = (tables: ControlTables): Pick<ControlStore, RunOperations> => ({
  countStart: (run) => countStart(tables, run),
  returnStart: (target, run) => returnStart(tables, target, run),
  async countFault(target, run, { at, failure }) {
    const { requests, controlTable } = tables
    const { fields } = await requests.update(controlTable, {
      key: runKey(target, run),
      set: { failure: fitFailure(failure), lastFaultAt: at },
      setOnce: { firstFaultAt: at },
      add: { faults: 1 },
      condition: `${runIsNotOver} and ${faultIsNotCountedYet}`,
      values: { ':at': at },
    })
    return mustBeRun(fields, run)
  },
  async readRun(target, run) {
    const item = await tables.requests.get(tables.controlTable, runKey(target, run))
    return item === undefined ? undefined : toRun(item)
  },
  async latestRuns(target, limit) {
    const query = {
      TableName: tables.controlTable,
      IndexName: runsByCreation,
      // The index holds keys alone, so that a run's transitions don't write to it; the rest comes from the table.
      Select: 'ALL_ATTRIBUTES' as const,
      KeyConditionExpression: 'pk = :partition',
      ExpressionAttributeValues: { ':partition': { S: partition(target) } },
      ScanIndexForward: false,
    }
    return (await tables.requests.query(query, limit)).map(toRun)
  },
  finishRun: (target, run, end, events) => finishRun(tables, { target, run, end, events }),
})

/** What RUN gets when it is over. */
export const endOf = (end: RunEnd, at: Instant): Fields => ({
  state: end.state,
  applied: end.applied,
  bundle: end.bundle,
  failure: end.failure && fitFailure(end.failure),
  notices: fitNotices(end.notices),
  detached: undefined,
  finishedAt: at,
})

async function countStart({ requests, controlTable, random }: ControlTables, run: NewRun): Promise<RunRecord> {
  const count = random.revision()
  const { id, target, direction, work, actor, createdAt } = run
  const { fields } = await requests.update(controlTable, {
    key: runKey(target, id),
    set: { counted: count },
    setOnce: { direction, work, actor, createdAt, state: 'QUEUED', faults: 0, applied: 0, notices: [] },
    add: { starts: 1 },
    condition: `${runIsNewOrNotOver} and ${isNotCountedYet}`,
    values: { ':count': count },
  })
  return mustBeRun(fields, id)
}

async function returnStart({ requests, controlTable, random }: ControlTables, target: TargetName, run: RunId) {
  const count = random.revision()
  await requests.update(controlTable, {
    key: runKey(target, run),
    set: { counted: count },
    add: { starts: -1 },
    condition: `${someStartIsCounted} and ${isNotCountedYet}`,
    values: { ':count': count },
  })
}

interface Finish {
  readonly target: TargetName
  readonly run: RunId
  readonly end: RunEnd
  readonly events: readonly AuditDraft[]
}

/** The end's digest lies beside it, so that a caller who repeats it learns that it was this very end that won. */
async function finishRun(tables: ControlTables, { target, run, end, events }: Finish): Promise<boolean> {
  const ending = sha256(JSON.stringify({ end, events }))
  const write = updateOf(tables.controlTable, {
    key: runKey(target, run),
    set: { ...endOf(end, tables.clock.now()), ending },
    condition: runIsNotOver,
  })
  const seen = await readChain(tables, target)
  const refused = await appendWith(tables, { target, seen, events, writes: [{ name: 'run', Update: write }] })
  if (refused === undefined) return true
  const item = refused.get('run')
  mustBeRun(item, run)
  return item?.ending === ending
}

function mustBeRun(item: Fields | undefined, run: RunId): RunRecord {
  if (item !== undefined) return toRun(item)
  throw new LockstepError('INTERNAL', `there is no run ${run}, its start was never counted`)
}

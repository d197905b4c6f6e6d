import { compareBytes } from '../../functions/domain/byte-order.ts'
import { sha256 } from '../../functions/domain/checksum.ts'
import { LockstepError } from '../../functions/domain/errors.ts'
import type { KeptTable } from '../../functions/domain/kept-table.ts'
import { compareReceiptKeys, type Receipt, type ReceiptKey } from '../../functions/domain/receipt.ts'
import type { Lease } from '../../functions/domain/records.ts'
import type { AppliedMigration, TargetState, UnitProgress } from '../../functions/domain/target-state.ts'
import type { Direction, MigrationName, TargetName, Token, WorkerId } from '../../functions/domain/types.ts'
import type { AppliedStep, WayBack } from '../../functions/domain/way-back.ts'
import type { FenceRaise, InvalidIndex, StepOrder } from '../../functions/engine/target-database.ts'

/** The committed data of one database: what a backup of it would hold. */
export interface TargetData {
  hasSchema: boolean
  readonly fences: Map<TargetName, { readonly token: Token; readonly worker: WorkerId }>
  readonly receipts: Receipt[]
  readonly applied: Map<MigrationName, AppliedMigration>
  progress: readonly UnitProgress[]
  readonly waysBack: Map<MigrationName, WayBack>
  kept: readonly KeptTable[]
  /** What units of kind `alone` left in the catalog, by the digest of their text. */
  readonly effects: Map<string, 'done' | 'invalid'>
  /**
   * Every text that took effect, in order: a second entry of the same one is the very thing that must never happen. What a
   * migration's way back undid is not in effect any more, and what its way there undid again neither.
   */
  ran: readonly RanText[]
  /** How many rows a table or a column has, by what is said of its loss. */
  readonly rows: Map<string, number>
  /** What the catalog says of indexes that nobody finished; put there by a test. */
  readonly invalidIndexes: InvalidIndex[]
}

export interface RanText {
  readonly migration: MigrationName
  readonly direction: Direction
  readonly sql: string
}

export const emptyTarget = (): TargetData => ({
  hasSchema: false,
  fences: new Map(),
  receipts: [],
  applied: new Map(),
  progress: [],
  waysBack: new Map(),
  kept: [],
  effects: new Map(),
  ran: [],
  rows: new Map(),
  invalidIndexes: [],
})

/** Raises the fence as `lockstep.raise_fence` does. */
export function raiseFence(data: TargetData, { target, token, worker }: Lease, firstAttach: boolean): FenceRaise {
  const row = data.fences.get(target)
  if (row !== undefined && row.token >= token) return { kind: 'higher', token: row.token }
  const others = [...data.fences.keys()].sort(compareBytes)
  if (row === undefined && (!firstAttach || others.length > 0)) return { kind: 'absent', others }
  data.fences.set(target, { token, worker })
  return { kind: 'raised', from: row?.token ?? null }
}

/** Makes the database a target's own as `lockstep.accept_fence` does. */
export function acceptFence({ fences }: TargetData, { target, token, worker }: Lease): void {
  const row = fences.get(target)
  if (row !== undefined && row.token >= token)
    throw new LockstepError('LEASE_LOST', `the fence of ${target} stands at token ${row.token} or higher`)
  fences.clear()
  fences.set(target, { token, worker })
}

/** Refuses a transaction of a stale lease, as `lockstep.assert_fence` does. */
export function assertFence(data: TargetData, { target, token, worker }: Lease): void {
  const row = data.fences.get(target)
  if (row?.token === token && row.worker === worker) return
  throw new LockstepError('LEASE_LOST', `the fence of ${target} does not stand at token ${token} of this worker`)
}

/** The newest receipt's key. */
export const headOf = ({ receipts }: TargetData): ReceiptKey | null => receipts.at(-1)?.key ?? null

/** Refuses a receipt that does not follow the one that the step was planned from. */
export function assertHead(data: TargetData, { key, head }: StepOrder): void {
  const newest = headOf(data)
  const isPlanned = newest === null ? head === null : head !== null && compareReceiptKeys(newest, head) === 0
  if (isPlanned && (newest === null || compareReceiptKeys(newest, key) < 0)) return
  throw new LockstepError('STEP_CONFLICT', `the newest receipt is ${show(newest)}, expected ${show(head)}`)
}

const show = (key: ReceiptKey | null): string => (key === null ? 'none' : `${key.token}.${key.n}`)

/** Writes a committed receipt and what follows from it. */
export function recordReceipt(data: TargetData, receipt: Receipt): Receipt {
  const { migration, direction, checksum, key, run, finishedAt } = receipt
  if (data.applied.has(migration) === (direction === 'up')) {
    throw new LockstepError('STEP_CONFLICT', `${migration} was taken ${direction} by another writer`)
  }
  if (direction === 'down') data.applied.delete(migration)
  else data.applied.set(migration, { migration, checksum, receipt: key, run, at: finishedAt })
  data.progress = data.progress.filter((row) => row.migration !== migration || row.direction !== direction)
  undoEffects(data, receipt)
  data.receipts.push(receipt)
  return receipt
}

/** What a migration's other direction did is undone. */
function undoEffects(data: TargetData, { migration, direction }: Receipt): void {
  const isUndone = (text: RanText): boolean => text.migration === migration && text.direction !== direction
  for (const { sql } of data.ran.filter(isUndone)) data.effects.delete(sha256(sql))
  data.ran = data.ran.filter((text) => !isUndone(text))
}

/** Writes a failed receipt; the mark of the unit goes only when it was the unit that failed, since else it may have taken effect. */
export function recordFailed(data: TargetData, receipt: Receipt): Receipt {
  const { migration, direction, failure } = receipt
  const isMark = (row: UnitProgress) =>
    row.migration === migration && row.direction === direction && row.state === 'running'
  if (failure?.code === 'MIGRATION_FAILED') data.progress = data.progress.filter((row) => !isMark(row))
  data.receipts.push(receipt)
  return receipt
}

/** Writes a unit's progress: from nothing or `running` to `running` or `done`, and nowhere from there. */
export function recordProgress(data: TargetData, row: UnitProgress): void {
  const isSame = (other: UnitProgress) =>
    other.migration === row.migration && other.direction === row.direction && other.unit === row.unit
  if (data.progress.some((other) => isSame(other) && other.state === 'done')) {
    throw new LockstepError('STEP_CONFLICT', `unit ${row.unit} of ${row.migration} is done already`)
  }
  const rows = [...data.progress.filter((other) => !isSame(other)), row]
  data.progress = rows.sort(
    (a, b) => compareBytes(a.migration, b.migration) || compareBytes(a.direction, b.direction) || a.unit - b.unit,
  )
}

/** Reads what is applied above a receipt, with the ways back, the newest first. */
export const appliedAfter = (data: TargetData, floor: ReceiptKey | null): readonly AppliedStep[] =>
  data.receipts
    .filter(({ key, migration }) => data.applied.get(migration)?.receipt === key)
    .filter(({ key }) => floor === null || compareReceiptKeys(key, floor) > 0)
    .map(({ key, migration, checksum, run, bundle, finishedAt }) => {
      const wayBack = data.waysBack.get(migration) ?? {}
      return { migration, checksum, receipt: key, run, bundle, at: finishedAt, wayBack }
    })
    .toReversed()

/** Reads what is applied, as the engine sees it. */
export function stateOf(data: TargetData): TargetState {
  const lastDowns = new Map(
    data.receipts
      .filter(({ direction, outcome }) => direction === 'down' && outcome === 'committed')
      .map(({ migration, checksum, key, run }) => [migration, { migration, checksum, receipt: key, run }]),
  )
  const reverted = [...lastDowns.values()].filter(({ migration }) => !data.applied.has(migration))
  return {
    head: headOf(data),
    applied: [...data.applied.values()].sort(byName),
    reverted: reverted.sort(byName),
    progress: data.progress,
  }
}

const byName = (a: { readonly migration: string }, b: { readonly migration: string }): number =>
  compareBytes(a.migration, b.migration)

import type { Failure } from '../domain/errors.ts'
import type { Receipt, ReceiptKey } from '../domain/receipt.ts'
import type { TargetState, UnitProgress } from '../domain/target-state.ts'
import { type Direction, type Instant, type MigrationName, type RunId, type Sha256, token } from '../domain/types.ts'
import type { AppliedStep, WayBack } from '../domain/way-back.ts'
import type { PostgresConnection } from './postgres-connection.ts'

/** All of a target's state in one statement, hence of one moment. */
const stateQuery = `
  select
    (
      select json_build_object('token', r.token, 'n', r.n)
      from lockstep.receipt r
      order by r.token desc, r.n desc
      limit 1
    ) as head,
    (
      select coalesce(json_agg(json_build_object(
        'migration', a.migration, 'checksum', a.checksum, 'at', lockstep.instant(a.at), 'run', r.run,
        'receipt', json_build_object('token', a.token, 'n', a.n)
      ) order by a.migration), '[]')
      from lockstep.applied a
      join lockstep.receipt r on r.token = a.token and r.n = a.n
    ) as applied,
    (
      select coalesce(json_agg(d order by d.migration), '[]')
      from (
        select distinct on (r.migration) r.migration, r.checksum, r.run,
          json_build_object('token', r.token, 'n', r.n) as receipt
        from lockstep.receipt r
        where r.direction = 'down'
        and r.outcome = 'committed'
        and not exists (select from lockstep.applied a where a.migration = r.migration)
        order by r.migration, r.token desc, r.n desc
      ) d
    ) as reverted,
    (
      select coalesce(json_agg(json_build_object(
        'migration', p.migration, 'direction', p.direction, 'unit', p.unit, 'sha256', p.sha256, 'state', p.state
      ) order by p.migration, p.direction, p.unit), '[]')
      from lockstep.progress p
    ) as progress`

/** Reads what is applied. */
export const readState = async (connection: PostgresConnection): Promise<TargetState> => {
  const [state] = await connection.query<TargetState>('cannot read what is applied', stateQuery)
  const none = { head: null, applied: [], reverted: [], progress: [] as readonly UnitProgress[] }
  return state ?? none
}

const appliedQuery = `
  select a.migration, a.checksum, json_build_object('token', a.token, 'n', a.n) as receipt, r.run, r.bundle,
    lockstep.instant(a.at) as at, coalesce(r.way_back, '{}') as way_back
  from lockstep.applied a
  join lockstep.receipt r on r.token = a.token and r.n = a.n
  where (a.token, a.n) > ($1, $2)
  order by a.token desc, a.n desc`

type AppliedRow = Omit<AppliedStep, 'wayBack'> & { readonly way_back: WayBack }

/** Reads what is applied above a receipt, with the ways back, the newest first. */
export const appliedAfter = async (
  connection: PostgresConnection,
  floor: ReceiptKey | null,
): Promise<readonly AppliedStep[]> => {
  const values = [floor?.token ?? 0, floor?.n ?? 0]
  const rows = await connection.query<AppliedRow>('cannot read the ways back', appliedQuery, values)
  return rows.map(({ way_back, ...row }) => ({ ...row, wayBack: way_back }))
}

const receiptsQuery = `
  select r.token::float8, r.n, r.migration, r.direction, r.outcome, r.attempt, r.checksum, r.bundle, r.run,
    lockstep.instant(r.started_at) as started_at, lockstep.instant(r.finished_at) as finished_at,
    r.out_of_order, r.failure, r.kept
  from lockstep.receipt r
  where (r.token, r.n) > ($1, $2)
  order by r.token, r.n
  limit $3`

interface ReceiptRow {
  readonly token: number
  readonly n: number
  readonly migration: MigrationName
  readonly direction: Direction
  readonly outcome: Receipt['outcome']
  readonly attempt: number
  readonly checksum: Sha256
  readonly bundle: Sha256
  readonly run: RunId
  readonly started_at: Instant
  readonly finished_at: Instant
  readonly out_of_order: boolean
  readonly failure: Failure | null
  readonly kept: Receipt['kept'] | null
}

/** Reads receipts above a key, oldest first. */
export const receiptsAfter = async (
  connection: PostgresConnection,
  key: ReceiptKey | null,
  limit: number,
): Promise<readonly Receipt[]> => {
  const values = [key?.token ?? 0, key?.n ?? 0, limit]
  const rows = await connection.query<ReceiptRow>('cannot read receipts', receiptsQuery, values)
  return rows.map(toReceipt)
}

const toReceipt = (row: ReceiptRow): Receipt => ({
  key: { token: token(row.token), n: row.n },
  migration: row.migration,
  direction: row.direction,
  outcome: row.outcome,
  attempt: row.attempt,
  checksum: row.checksum,
  bundle: row.bundle,
  run: row.run,
  startedAt: row.started_at,
  finishedAt: row.finished_at,
  durationMs: millisecondsBetween(row.started_at, row.finished_at),
  outOfOrder: row.out_of_order,
  ...(row.failure && { failure: row.failure }),
  ...(row.kept && { kept: row.kept }),
})

/** Computes a receipt's duration from its own times, so that it is the same wherever the receipt is read. */
export const millisecondsBetween = (startedAt: Instant, finishedAt: Instant): number =>
  Date.parse(finishedAt) - Date.parse(startedAt)

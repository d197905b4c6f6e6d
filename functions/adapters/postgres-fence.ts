import type { FenceRow } from '../domain/drift.ts'
import { LockstepError } from '../domain/errors.ts'
import type { Lease } from '../domain/records.ts'
import type { TargetName } from '../domain/types.ts'
import { token } from '../domain/types.ts'
import type { Clock } from '../engine/system.ts'
import type { FenceRaise } from '../engine/target-database.ts'
import type { PostgresConnection } from './postgres-connection.ts'
import { sqlStates } from './postgres-errors.ts'

/** Each try waits one lock_timeout for the transactions that assert the fence. */
const tries = 12
const betweenTriesMs = 100

type RaiseRow =
  | { readonly kind: 'raised'; readonly from: number | null }
  | { readonly kind: 'higher'; readonly token: number }
  | { readonly kind: 'absent'; readonly others: readonly TargetName[] }

/**
 * Raises the fence to the lease's token. From its return on, no transaction of an older token can commit.
 *
 * @throws LockstepError LEASE_HELD when an older transaction outlasts every try
 */
export const raiseFence = async (
  connection: PostgresConnection,
  clock: Clock,
  raise: { readonly lease: Lease; readonly firstAttach: boolean },
): Promise<FenceRaise> => {
  const { target, token: ours, worker, run } = raise.lease
  const sql = 'select lockstep.raise_fence($1, $2, $3, $4, $5) as raised'
  const values = [target, ours, worker, run, raise.firstAttach]
  const [row] = await patiently(clock, target, () =>
    connection.query<{ raised: RaiseRow }>('cannot raise the fence', sql, values),
  )
  if (row === undefined) throw new LockstepError('INTERNAL', 'raising the fence returned nothing')
  return toRaise(row.raised)
}

/**
 * Makes the database the lease's target's own, whatever its fences were.
 *
 * @throws LockstepError LEASE_HELD when an older transaction outlasts every try, LEASE_LOST
 */
export const acceptFence = async (connection: PostgresConnection, clock: Clock, lease: Lease): Promise<void> => {
  const { target, token: ours, worker, run } = lease
  const sql = 'select lockstep.accept_fence($1, $2, $3, $4)'
  await patiently(clock, target, () =>
    connection.query('cannot take the database over', sql, [target, ours, worker, run]),
  )
}

/** Reads the fences of all targets. */
export const readFences = async (connection: PostgresConnection): Promise<readonly FenceRow[]> => {
  const doing = 'cannot read the fences'
  const [found] = await connection.query<{ there: boolean }>(
    doing,
    `select to_regclass('lockstep.fence') is not null as there`,
  )
  if (found?.there !== true) return []
  const sql = 'select target, token::float8 as token from lockstep.fence order by target'
  return await connection.query<FenceRow>(doing, sql)
}

/** Tries again while an open transaction that asserted the fence holds it. */
const patiently = async <T>(clock: Clock, target: TargetName, act: () => Promise<T>): Promise<T> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await act()
    } catch (error) {
      if (!isLockTimeout(error)) throw error
      if (attempt === tries) throw stillBusy(target, error)
    }
    await clock.sleep(betweenTriesMs)
  }
}

const isLockTimeout = (error: unknown): boolean =>
  error instanceof LockstepError && error.details.sqlState === sqlStates.lockNotAvailable

const stillBusy = (target: TargetName, cause: unknown): LockstepError =>
  new LockstepError('LEASE_HELD', `an older transaction still stands behind the fence of ${target}`, { cause })

const toRaise = (row: RaiseRow): FenceRaise => {
  switch (row.kind) {
    case 'raised':
      return { kind: 'raised', from: row.from === null ? null : token(row.from) }
    case 'higher':
      return { kind: 'higher', token: token(row.token) }
    case 'absent':
      return row
  }
}

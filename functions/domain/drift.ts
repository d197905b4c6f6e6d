import type { ErrorCode } from './error-table.ts'
import { LockstepError } from './errors.ts'
import { listNames } from './names.ts'
import { type CopiedReceipt, compareReceiptKeys, type Receipt, type ReceiptKey } from './receipt.ts'
import type { TargetName, Token } from './types.ts'

/** Codes that say: this is not the database that the ledger knows. */
export const driftCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['DRIFT', 'FENCE_REGRESSION', 'TARGET_WRONG'])

/**
 * Refuses to go on when the ledger knows receipts that the database lacks: the database was restored or cloned.
 *
 * @param projected the last receipt that the ledger copied, read before `head`
 * @param head the database's newest receipt
 * @throws LockstepError DRIFT
 */
export function refuseLedgerAhead(projected: ReceiptKey | null, head: ReceiptKey | null): void {
  if (projected === null) return
  if (head !== null && compareReceiptKeys(projected, head) <= 0) return
  throw new LockstepError(
    'DRIFT',
    `the ledger knows receipt ${show(projected)}, the database's newest is ${head === null ? 'none' : show(head)}: ` +
      'the database was restored to an earlier time, or is another one',
  )
}

/**
 * Refuses to go on when the newest receipt that the ledger copied is not the one that the database has in its place.
 *
 * @param projected read before `found`
 * @param found the database's first receipt from that key on
 * @throws LockstepError DRIFT
 */
export function refuseOtherPast(projected: CopiedReceipt, found: Receipt | undefined): void {
  if (found !== undefined && compareReceiptKeys(found.key, projected) === 0 && found.finishedAt === projected.at) return
  const isSameKey = found !== undefined && compareReceiptKeys(found.key, projected) === 0
  const got = isSameKey ? `has another one of ${found.finishedAt} in its place` : 'lacks it'
  throw new LockstepError(
    'DRIFT',
    `the ledger knows receipt ${show(projected)} of ${projected.at}, the database ${got}: ` +
      'the database was restored to an earlier time, or is another one',
  )
}

/**
 * Refuses to go on when the fence stood lower than a token that is known to have raised it.
 *
 * @throws LockstepError DRIFT
 */
export function refuseFenceBehind(from: Token | null, raised: Token | undefined): void {
  if (raised === undefined || (from !== null && from >= raised)) return
  throw new LockstepError(
    'DRIFT',
    `the fence stood at ${from ?? 'nothing'}, expected at least ${raised}: the database was restored to an earlier time, or is another one`,
  )
}

/** A row of the fence: the highest token that a database has seen for a target. */
export interface FenceRow {
  readonly target: TargetName
  readonly token: Token
}

/** What LOCK says of a target's fence. */
export interface KnownFence {
  readonly target: TargetName
  /** The highest token that LOCK can have given out. */
  readonly highest: Token
  readonly attachedOnce: boolean
  readonly raised?: Token
}

/**
 * Refuses a database whose fences are not those that LOCK knows; looks at them and raises none.
 *
 * @throws LockstepError TARGET_WRONG, FENCE_REGRESSION, DRIFT
 */
export function refuseOtherDatabase(fences: readonly FenceRow[], known: KnownFence): void {
  const own = fences.find(({ target }) => target === known.target)
  if (own === undefined) {
    refuseWithoutFence(fences, known)
    return
  }
  if (own.token > known.highest) {
    const message = `the database's fence stands at ${own.token}, the lock's highest token is ${known.highest}`
    throw new LockstepError('FENCE_REGRESSION', message)
  }
  refuseFenceBehind(own.token, known.raised)
}

function refuseWithoutFence(fences: readonly FenceRow[], { target, attachedOnce }: KnownFence): void {
  if (fences.length > 0) {
    const others = listNames(fences.map((row) => row.target))
    throw new LockstepError('TARGET_WRONG', `this database belongs to ${others}, expected ${target}`)
  }
  if (!attachedOnce) return
  throw new LockstepError('DRIFT', `the database has no fence for ${target}, although it was migrated before`)
}

const show = (key: ReceiptKey): string => `${key.token}.${key.n}`

import { LockstepError } from './errors.ts'
import { compareReceiptKeys, type ReceiptKey } from './receipt.ts'
import type { Token } from './types.ts'

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

const show = (key: ReceiptKey): string => `${key.token}.${key.n}`

import { expect, test } from 'vitest'
import { refuseFenceBehind, refuseLedgerAhead } from '../../functions/domain/drift.ts'
import type { ReceiptKey } from '../../functions/domain/receipt.ts'
import { token } from '../../functions/domain/types.ts'

const key = (t: number, n: number): ReceiptKey => ({ token: token(t), n })
const drift = expect.objectContaining({ code: 'DRIFT' })

test.each([
  ['nothing was projected', null, null],
  ['all receipts were projected', key(2, 1), key(2, 1)],
  ['some receipts are not projected yet', key(1, 9), key(2, 1)],
])('given %s, when compared, then it passes', (_name, projected, head) => {
  expect(() => refuseLedgerAhead(projected, head)).not.toThrow()
})

test.each([
  ['a database without receipts', key(1, 1), null],
  ['a database with an older token', key(3, 1), key(2, 7)],
  ['a database with fewer receipts of the token', key(3, 5), key(3, 4)],
])('given %s, when the ledger knows more, then it is drift', (_name, projected, head) => {
  expect(() => refuseLedgerAhead(projected, head)).toThrowError(drift)
})

test('given a fence below the token that raised it, when compared, then it is drift', () => {
  expect(() => refuseFenceBehind(token(4), token(5))).toThrowError(drift)
  expect(() => refuseFenceBehind(null, token(1))).toThrowError(drift)
  expect(() => refuseFenceBehind(token(5), token(5))).not.toThrow()
  expect(() => refuseFenceBehind(null, undefined)).not.toThrow()
})

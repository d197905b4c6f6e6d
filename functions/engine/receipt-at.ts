import type { Receipt, ReceiptKey } from '../domain/receipt.ts'
import type { TargetSession } from './target-database.ts'

/** Reads the receipt with a key, or the first one after it where there is none of that key. */
export const receiptAt = async (session: TargetSession, key: ReceiptKey): Promise<Receipt | undefined> => {
  const [found] = await session.receiptsAfter({ ...key, n: key.n - 1 }, 1)
  return found
}

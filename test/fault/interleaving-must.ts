import type { Receipt } from '../../functions/domain/receipt.ts'

/** @throws Error saying what does not hold */
export function must(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise)
}

export const committed = (receipts: readonly Receipt[]): readonly Receipt[] =>
  receipts.filter(({ outcome }) => outcome === 'committed')

/** The receipts of what is applied, the newest last. */
export const appliedBy = (receipts: readonly Receipt[]): readonly Receipt[] => {
  const all = committed(receipts)
  const lasts = new Set(new Map(all.map((receipt) => [receipt.migration, receipt])).values())
  return all.filter((receipt) => receipt.direction === 'up' && lasts.has(receipt))
}

export const show = (receipt: Receipt | undefined): string =>
  receipt === undefined
    ? 'nothing'
    : `${receipt.key.token}.${receipt.key.n} (${receipt.migration} ${receipt.direction})`

import { maxCertificateLength } from '../../functions/domain/certificate.ts'
import type { DataLoss } from './table-rows.ts'

/** What going back takes away: of what was written after the migration, and of what was there before it. */
export interface RoundTripLosses {
  readonly since: readonly DataLoss[]
  readonly before: readonly DataLoss[]
}

/** Most losses, or differences, that a certificate spells out. */
const mostShown = 12

/** Words a certificate of a migration that can be taken back. */
export function reversibleText({ since, before }: RoundTripLosses): string {
  const parts = [
    ...(since.length > 0 ? [`${listed(since.map(showLoss))} written after it`] : []),
    ...(before.length > 0 ? [`${listed(before.map(showLoss))} from before it`] : []),
  ]
  return parts.length === 0 ? 'reversible' : oneLine(`reversible, loses: ${parts.join('; ')}`)
}

/** Words a certificate of a migration that its down script does not take back. */
export const irreversibleText = (reason: string): string => oneLine(`irreversible: ${reason}`)

/** Lists the first of many, and says how many more there are. */
export const listed = (texts: readonly string[]): string => {
  const rest = texts.length - mostShown
  return [...texts.slice(0, mostShown), ...(rest > 0 ? [`and ${rest} more`] : [])].join(', ')
}

const showLoss = ({ table, column, lost, of }: DataLoss): string =>
  column === undefined ? `${table} (${lost} of ${of} rows)` : `${table}."${column}" (${lost} of ${of} values)`

const oneLine = (text: string): string => {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length <= maxCertificateLength ? line : `${line.slice(0, maxCertificateLength - 1)}…`
}

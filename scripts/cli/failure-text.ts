import type { Failure } from '../../functions/domain/errors.ts'
import type { Output } from './output.ts'

const shownNames = 12

/** Lays failures out for people, a blank line after each where there are several. */
export const failuresText = (failures: readonly Failure[], output: Output): string[] =>
  failures.flatMap((failure) => [...failureText(failure, output), ...(failures.length > 1 ? [''] : [])])

/**
 * Lays a failure out for people:
 *
 *     error MIGRATION_FAILED: column "emial" does not exist (SQLSTATE 42703)
 *       migrations/20251117_billing/migration.sql:3:19
 *         3 │ update "User" set emial = null;
 *           │                   ^
 *     → correct the migration and push again; what was applied before it stays
 */
export const failureText = (failure: Failure, output: Output): string[] => [
  `${output.paint('red', `error ${failure.code}:`)} ${printable(failure.message)}${sqlState(failure)}`,
  ...placeLines(failure, output),
  ...remarks(failure),
  ...names(failure),
  `${output.paint('cyan', '→')} ${failure.hint}`,
]

/** A server's message may hold what a migration put into it; control characters could rewrite the terminal. */
const printable = (text: string): string => text.replace(/[^\P{Cc}\n\t]/gu, '\uFFFD')

const sqlState = ({ sqlState }: Failure): string => (sqlState === undefined ? '' : ` (SQLSTATE ${sqlState})`)

const placeLines = ({ place, migration, message }: Failure, output: Output): string[] => {
  if (place === undefined) return migration === undefined || message.includes(migration) ? [] : [`  in ${migration}`]
  const number = String(place.line)
  const [source = '', caret = ''] = place.excerpt.split('\n')
  return [
    `  ${output.paint('bold', `${place.file}:${place.line}:${place.column}`)}`,
    `    ${output.paint('dim', `${number} │`)} ${source}`,
    `    ${output.paint('dim', `${' '.repeat(number.length)} │`)} ${output.paint('red', caret)}`,
  ]
}

const remarks = ({ detail, serverHint }: Failure): string[] => [
  ...(detail === undefined ? [] : [`  detail: ${printable(detail)}`]),
  ...(serverHint === undefined ? [] : [`  PostgreSQL's hint: ${printable(serverHint)}`]),
]

/** Names that the message or the place does not show already. */
const names = ({ names = [], message, place }: Failure): string[] => {
  const unsaid = names.filter((name) => !message.includes(name) && name !== place?.file)
  const more = unsaid.length - shownNames
  return [...unsaid.slice(0, shownNames).map((name) => `  - ${name}`), ...(more > 0 ? [`  … and ${more} more`] : [])]
}

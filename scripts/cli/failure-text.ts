import type { Failure } from '../../functions/domain/errors.ts'
import type { Output } from './output.ts'

const shownNames = 12

/**
 * Lays a failure out for people:
 *
 *     error MIGRATION_FAILED: column "email" does not exist (SQLSTATE 42703)
 *       20251117_billing/migration.sql:3:8
 *         3 | update "User" set email = null;
 *           |                   ^
 *     → correct the migration and push again; what was applied before it stays
 */
export const failureText = (failure: Failure, output: Output): string[] => [
  `${output.paint('red', `error ${failure.code}:`)} ${failure.message}${sqlState(failure)}`,
  ...place(failure),
  ...remarks(failure),
  ...names(failure),
  `${output.paint('cyan', '→')} ${failure.hint}`,
]

const sqlState = ({ sqlState }: Failure): string => (sqlState === undefined ? '' : ` (SQLSTATE ${sqlState})`)

const place = ({ place, migration }: Failure): string[] => {
  if (place === undefined) return migration === undefined ? [] : [`  in ${migration}`]
  const excerpt = place.excerpt.split('\n').map((line) => `    ${line}`)
  return [`  ${place.file}:${place.line}:${place.column}`, ...excerpt]
}

const remarks = ({ detail, serverHint }: Failure): string[] => [
  ...(detail === undefined ? [] : [`  detail: ${detail}`]),
  ...(serverHint === undefined ? [] : [`  PostgreSQL's hint: ${serverHint}`]),
]

/** Names that the message or the place does not show already. */
const names = ({ names = [], message, place }: Failure): string[] => {
  const unsaid = names.filter((name) => !message.includes(name) && name !== place?.file)
  const more = unsaid.length - shownNames
  return [...unsaid.slice(0, shownNames).map((name) => `  - ${name}`), ...(more > 0 ? [`  … and ${more} more`] : [])]
}

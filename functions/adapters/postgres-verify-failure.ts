import type { DatabaseError } from 'pg'
import type { ErrorDetails, LockstepError } from '../domain/errors.ts'
import { countCodePoints } from '../domain/source-position.ts'
import { type FailedAssertion, verifyFailed } from '../domain/verify-failure.ts'
import type { Assertion } from '../domain/verify-source.ts'
import type { StepOrder } from '../engine/target-database.ts'
import { serverDetails } from './postgres-errors.ts'
import type { MessageOutcome } from './postgres-message.ts'
import { assertionState, sentFor } from './verify-statements.ts'

/** Tells which assertion an error is of, if the message came so far, and makes the error to throw; undefined for another statement. */
export const verifyFailure = (
  order: StepOrder,
  outcome: MessageOutcome,
  error: DatabaseError,
  sent: { readonly sql: string },
): LockstepError | undefined => {
  const { source, direction } = order
  if (source.verify === undefined || outcome.completedAtVerify === undefined) return undefined
  // the mark itself completed too
  const index = outcome.completed - outcome.completedAtVerify - 1
  const assertion = source.verify.assertions[index]
  if (assertion === undefined) return undefined
  const offset = offsetIn(assertion, error)
  return verifyFailed(source, source.verify, {
    index,
    direction,
    stays: staysOf(order, sent),
    ...(offset !== undefined && { offset }),
    ...(error.code === assertionState
      ? { what: error.message, details: { cause: error } }
      : { what: `failed: ${error.message}`, details: detailsOf(assertion, error) }),
  })
}

/** A step of units ends in a transaction of its last statement, or of the receipt alone. */
const staysOf = ({ source }: StepOrder, { sql }: { readonly sql: string }): FailedAssertion['stays'] => {
  if (source.body.kind === 'transaction') return 'nothing'
  if (sql === '') return 'all statements'
  return source.body.units.length > 1 ? 'earlier statements' : 'nothing'
}

/** Where in an assertion the server saw the error; a position in what stands around it, or in a function, is none. */
const offsetIn = (assertion: Assertion, { internalQuery, internalPosition }: DatabaseError): number | undefined => {
  const sent = sentFor(assertion)
  if (internalQuery !== sent.sql || internalPosition === undefined) return undefined
  const offset = Number(internalPosition) - 1 - sent.before
  return offset >= 0 && offset < countCodePoints(assertion.sql) ? offset : undefined
}

/** The server's own words, without what it says of the block around the assertion. */
const detailsOf = (assertion: Assertion, error: DatabaseError): ErrorDetails => {
  const { sql } = sentFor(assertion)
  const { internalQuery, internalPosition } = error
  const where = whereInside(sql, error)
  return serverDetails(error, internalQuery === sql ? { where } : { internalQuery, internalPosition, where })
}

/** The last line of the way to an error is our block, and what stands before it may be the text that the block was given. */
const whereInside = (sql: string, { where = '' }: DatabaseError): string => {
  const inside = where.slice(0, Math.max(0, where.lastIndexOf('\n')))
  const given = inside.endsWith(`"${sql}"`) ? inside.length - sql.length - 2 : undefined
  return given === undefined ? inside : inside.slice(0, Math.max(0, inside.lastIndexOf('\n', given)))
}

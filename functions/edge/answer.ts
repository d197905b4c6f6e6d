import { type Failure, LockstepError } from '../domain/errors.ts'

/** What an invoked function answers: a refusal is an answer like any other; only a bug makes the invocation itself fail. */
export type FunctionAnswer<T> =
  | { readonly ok: true; readonly answer: T }
  | { readonly ok: false; readonly failure: Failure }

/** Takes the answer out of its envelope; a failure is thrown again as the error that it was. */
export const unwrap = <T>(envelope: unknown): T => {
  const answer = envelope as FunctionAnswer<T>
  if (answer.ok) return answer.answer
  const { code, message, hint, ...details } = answer.failure
  throw new LockstepError(code, message, { ...details, hint })
}

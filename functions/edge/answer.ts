import type { Failure } from '../domain/errors.ts'

/** What an invoked function answers: a refusal is an answer like any other; only a bug makes the invocation itself fail. */
export type FunctionAnswer<T> =
  | { readonly ok: true; readonly answer: T }
  | { readonly ok: false; readonly failure: Failure }

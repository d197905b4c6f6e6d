import type { Failure } from '../../functions/domain/errors.ts'
import type { Output } from './output.ts'

/** What every command is given: where to speak, and the world as it was when the process began. */
export interface Context {
  readonly output: Output
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

/**
 * What a command did: the document of `--json`, and what went wrong, most important first.
 *
 * The first failure decides the exit code; without one it is 0.
 */
export interface Outcome {
  readonly document: object
  readonly failures: readonly Failure[]
  /** The last line, below the failures. */
  readonly closing?: string
}

/** Ends a command that did what it was asked. */
export const succeeded = (document: object): Outcome => ({ document, failures: [] })

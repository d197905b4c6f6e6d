import type { BundleStore } from '../../functions/engine/bundle-store.ts'
import type { StatusAnswer, StatusQuestion } from '../../functions/engine/status.ts'

/** Asks the status function; the command line needs no right on the tables. */
export type AskStatus = (question: StatusQuestion) => Promise<StatusAnswer>

/** All that commands need of a cloud: to write bundles, and to ask for the status. */
export interface CliPorts {
  readonly bundles: BundleStore
  readonly status: AskStatus
}

/** A cloud that commands speak to. */
export interface Connection extends CliPorts {
  readonly bundleBucket: string
}

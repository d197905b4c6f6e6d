import type { AskRollback, Operate } from '../../functions/edge/compose-cli.ts'
import type { BundleStore } from '../../functions/engine/bundle-store.ts'
import type { StatusAnswer, StatusQuestion } from '../../functions/engine/status.ts'

/** Asks the status function; the command line needs no right on the tables. */
export type AskStatus = (question: StatusQuestion) => Promise<StatusAnswer>

/** All that commands need of a cloud: to write bundles, to ask for the status, and to do what operators do. */
export interface CliPorts {
  readonly bundles: BundleStore
  readonly status: AskStatus
  readonly operate: Operate
  readonly rollback: AskRollback
}

/** A cloud that commands speak to. */
export interface Connection extends CliPorts {
  readonly bundleBucket: string
}

import { LambdaClient } from '@aws-sdk/client-lambda'
import { S3Client } from '@aws-sdk/client-s3'
import { invokeFunction } from '../adapters/lambda-invoke.ts'
import { s3BundleStore } from '../adapters/s3-bundle-store.ts'
import { LockstepError } from '../domain/errors.ts'
import type { RollbackPlan } from '../domain/rollback-plan.ts'
import type { BundleStore } from '../engine/bundle-store.ts'
import type { RollbackAnswer } from '../engine/rollback-front.ts'
import type { KeptAnswer, ReconcileAnswer, ReleaseAnswer, UnlockAnswer } from '../engine/runner-contract.ts'
import type { StatusAnswer, StatusQuestion } from '../engine/status.ts'
import { unwrap } from './answer.ts'
import { patient, s3Options, untilAnswered } from './client-options.ts'
import type { CliConfig } from './config.ts'
import type { OperatorPayload, RollbackPayload } from './events.ts'
import { environment } from './resources.ts'

/** What the command line needs of a cloud: a bucket to put bundles in, and functions to ask. */
export interface CliCloud {
  readonly bundles: BundleStore
  readonly status: (question: StatusQuestion) => Promise<StatusAnswer>
  /** Asks the operators' front, which answers when all is done. @throws LockstepError USAGE when the environment does not name it */
  readonly operate: Operate
  /** Asks the rollback front. @throws LockstepError USAGE when the environment does not name it */
  readonly rollback: AskRollback
}

/** The way back: each action has its own answer. */
export interface AskRollback {
  readonly plan: (payload: Extract<RollbackPayload, { readonly action: 'plan' }>) => Promise<RollbackPlan>
  readonly confirm: (payload: Extract<RollbackPayload, { readonly action: 'confirm' }>) => Promise<RollbackAnswer>
  readonly release: (payload: Extract<RollbackPayload, { readonly action: 'release' }>) => Promise<ReleaseAnswer>
}

/** Each action has its own answer. */
export interface Operate {
  (payload: Extract<OperatorPayload, { readonly action: 'reconcile' }>): Promise<ReconcileAnswer>
  (payload: Extract<OperatorPayload, { readonly action: 'kept-list' | 'kept-drop' }>): Promise<KeptAnswer>
  (
    payload: Exclude<OperatorPayload, { readonly action: 'reconcile' | 'kept-list' | 'kept-drop' }>,
  ): Promise<UnlockAnswer>
}

/** Each front is invoked by the alias that is the target's. In a file of its own: the command line is not bundled, and the clients of the functions would cost it half a second each time. */
export const composeCli = (config: CliConfig): CliCloud => {
  const invoke = invokeFunction(new LambdaClient({ requestHandler: patient }), config.statusFunction)
  return {
    bundles: s3BundleStore(new S3Client(s3Options(config.s3Endpoint))),
    status: async (question) => unwrap<StatusAnswer>(await invoke(question, question.target)),
    operate: <Answer>(payload: OperatorPayload) => ask<Answer>(config, 'unlockFunction', payload),
    rollback: {
      plan: (payload) => ask(config, 'rollbackFunction', payload),
      confirm: (payload) => ask(config, 'rollbackFunction', payload),
      release: (payload) => ask(config, 'rollbackFunction', payload),
    },
  }
}

type OperatorFunction = 'unlockFunction' | 'rollbackFunction'

/** A function that answers when all is done. */
const ask = async <Answer>(
  config: CliConfig,
  which: OperatorFunction,
  payload: OperatorPayload | RollbackPayload,
): Promise<Answer> => {
  const lambda = new LambdaClient({ requestHandler: untilAnswered, maxAttempts: 1 })
  return unwrap<Answer>(await invokeFunction(lambda, nameOf(config, which))(payload, payload.target))
}

const nameOf = (config: CliConfig, which: OperatorFunction): string => {
  const known = config[which]
  if (known !== undefined) return known
  const name = environment[which]
  throw new LockstepError('USAGE', `environment variables are missing: ${name}`, {
    hint: `set ${name}, or start the embedded cloud with \`lockstep local up\``,
    names: [name],
  })
}

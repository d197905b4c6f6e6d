import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { LockstepError } from '../../functions/domain/errors.ts'
import { environment, type FunctionName, functions } from '../../functions/edge/resources.ts'
import type { HostedFunction } from './function-variables.ts'
import {
  auditTableName,
  bundleBucket,
  controlTableName,
  credentials,
  deploymentName,
  eventBusName,
  lambdaName,
  recordsBucket,
  region,
} from './names.ts'

/** Base URLs of the embedded cloud's AWS APIs. */
export interface Endpoints {
  readonly s3: string
  readonly sqs: string
  readonly dynamodb: string
  readonly lambda: string
  readonly eventbridge: string
}

/** Lists the variables that lead an AWS SDK to the endpoints, and Lockstep to its resources. */
export const cloudVariables = (
  endpoints: Endpoints,
  queues: { readonly queueUrl: string; readonly deadLetterUrl: string },
): Readonly<Record<string, string>> => ({
  AWS_ENDPOINT_URL_S3: endpoints.s3,
  AWS_ENDPOINT_URL_SQS: endpoints.sqs,
  AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
  AWS_ENDPOINT_URL_DYNAMODB_STREAMS: endpoints.dynamodb,
  AWS_ENDPOINT_URL_LAMBDA: endpoints.lambda,
  AWS_ENDPOINT_URL_EVENTBRIDGE: endpoints.eventbridge,
  [environment.deployment]: deploymentName,
  [environment.controlTable]: controlTableName,
  [environment.auditTable]: auditTableName,
  [environment.bundleBucket]: bundleBucket,
  [environment.recordsBucket]: recordsBucket,
  [environment.eventBus]: eventBusName,
  [environment.queueUrl]: queues.queueUrl,
  [environment.deadLetterUrl]: queues.deadLetterUrl,
  [environment.runnerFunction]: lambdaName('runner'),
  [environment.statusFunction]: lambdaName('status'),
  [environment.unlockFunction]: lambdaName('unlock'),
  [environment.rollbackFunction]: lambdaName('rollback'),
})

/** Lists the variables of a caller who may do everything in the embedded cloud. */
export const callerVariables = (variables: Readonly<Record<string, string>>): Readonly<Record<string, string>> => ({
  AWS_REGION: region,
  AWS_DEFAULT_REGION: region,
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_SESSION_TOKEN: credentials.sessionToken,
  ...variables,
})

/** Answers what a function's configuration sets. */
export type VariablesOf = (name: FunctionName) => Readonly<Record<string, string>>

/**
 * Lists the functions as they are hosted.
 *
 * @param artefacts the folder with one folder a function
 * @throws LockstepError LOCAL_START_FAILED when one was not built
 */
export const hostedFunctions = (
  artefacts: string,
  timeouts: Readonly<Partial<Record<FunctionName, number>>>,
  variablesOf: VariablesOf,
): readonly HostedFunction[] => {
  const missing = functions.find(({ name }) => !existsSync(join(artefacts, name, 'index.mjs')))
  if (missing !== undefined) {
    throw new LockstepError('LOCAL_START_FAILED', `the function ${missing.name} was not built: ${artefacts} has none`, {
      hint: 'run `npm run build`',
    })
  }
  return functions.map(({ name, timeoutSeconds, memoryMiB }) => ({
    name: lambdaName(name),
    artefact: join(artefacts, name),
    timeoutMs: timeouts[name] ?? timeoutSeconds * 1000,
    memoryMiB,
    variables: variablesOf(name),
  }))
}

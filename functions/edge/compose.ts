import { Logger } from '@aws-lambda-powertools/logger'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import { LambdaClient } from '@aws-sdk/client-lambda'
import { S3Client } from '@aws-sdk/client-s3'
import { SQSClient } from '@aws-sdk/client-sqs'
import { openBundle } from '../adapters/bundle-reader.ts'
import { dynamodbControlStore } from '../adapters/dynamodb-control.ts'
import { eventBridgeEvents } from '../adapters/eventbridge-events.ts'
import { invokeFunction } from '../adapters/lambda-invoke.ts'
import { loadSqlParser } from '../adapters/libpg-parser.ts'
import { postgresDatabase } from '../adapters/postgres-database.ts'
import { s3AuditArchive } from '../adapters/s3-audit-archive.ts'
import { s3BundleStore } from '../adapters/s3-bundle-store.ts'
import { sqsQueue } from '../adapters/sqs-queue.ts'
import { systemClock, systemRandom } from '../adapters/system.ts'
import { LockstepError } from '../domain/errors.ts'
import type { ArchivePorts } from '../engine/archive.ts'
import type { BundleStore } from '../engine/bundle-store.ts'
import type { ControlStore } from '../engine/control-store.ts'
import type { FrontPorts } from '../engine/front.ts'
import type { RunnerPorts } from '../engine/run-context.ts'
import type { RunnerAnswer } from '../engine/runner-contract.ts'
import type { StatusAnswer, StatusQuestion } from '../engine/status.ts'
import type { Log } from '../engine/system.ts'
import type { FunctionAnswer } from './answer.ts'
import type { ApplyConfig, AuditConfig, CliConfig, RunnerConfig, StatusConfig } from './config.ts'
import { parseTargetSettings } from './target-settings.ts'

/** Makes the logger of a function. */
export const makeLogger = (serviceName: string): Logger => new Logger({ serviceName })

/** What the engine sees of a logger: a message, and data beside it. */
const toLog = (logger: Logger): Log => ({
  info: (message, data = {}) => logger.info(message, { ...data }),
  warn: (message, data = {}) => logger.warn(message, { ...data }),
})

const connectTimeoutMs = 5_000
/** Calls answer within this, or are tried again; without it a call from a subnet without a way out hangs for ever. */
const requestTimeoutMs = 20_000
const patient = { connectionTimeout: connectTimeoutMs, requestTimeout: requestTimeoutMs }
/** An invocation answers when the runner does; the front's own deadline bounds it. */
const untilAnswered = { connectionTimeout: connectTimeoutMs, requestTimeout: 0 }

const s3Client = (endpoint: string | undefined): S3Client =>
  new S3Client({ requestHandler: patient, ...(endpoint !== undefined && { forcePathStyle: true }) })

const control = ({ controlTable, auditTable }: StatusConfig): ControlStore =>
  dynamodbControlStore({
    client: new DynamoDBClient({ requestHandler: patient }),
    controlTable,
    auditTable,
    parseSettings: parseTargetSettings,
    clock: systemClock,
    random: systemRandom,
  })

/** Everything the runner touches; the parser's WebAssembly is loaded here, once. */
export const composeRunner = async (config: RunnerConfig, logger: Logger): Promise<RunnerPorts> => ({
  bundles: s3BundleStore(s3Client(config.s3Endpoint)),
  openBundle,
  control: control(config),
  database: postgresDatabase(),
  parse: await loadSqlParser(),
  clock: systemClock,
  random: systemRandom,
  log: toLog(logger),
})

/** Everything the queue's front touches. */
export const composeFront = (config: ApplyConfig, logger: Logger): FrontPorts => {
  const lambda = new LambdaClient({ requestHandler: untilAnswered, maxAttempts: 1 })
  const invoke = invokeFunction(lambda, config.runnerFunction)
  const log = toLog(logger)
  return {
    queue: sqsQueue({ ...config, client: new SQSClient({ requestHandler: patient }), log }),
    control: control(config),
    invokeRunner: async (request) => unwrap<RunnerAnswer>(await invoke(request)),
    clock: systemClock,
    random: systemRandom,
    log,
  }
}

/** What the status function reads. */
export const composeStatus = (config: StatusConfig): ControlStore => control(config)

/** What the audit function writes. */
export const composeArchive = (config: AuditConfig, logger: Logger): ArchivePorts => ({
  archive: s3AuditArchive(s3Client(config.s3Endpoint), config.recordsBucket),
  publisher: eventBridgeEvents(new EventBridgeClient({ requestHandler: patient }), config.eventBus),
  log: toLog(logger),
})

/** What the command line needs of a cloud: a bucket to put bundles in, and a function to ask. */
export interface CliCloud {
  readonly bundles: BundleStore
  readonly status: (question: StatusQuestion) => Promise<StatusAnswer>
}

export const composeCli = (config: CliConfig): CliCloud => {
  const invoke = invokeFunction(new LambdaClient({ requestHandler: patient }), config.statusFunction)
  return {
    bundles: s3BundleStore(s3Client(config.s3Endpoint)),
    status: async (question) => unwrap<StatusAnswer>(await invoke(question)),
  }
}

/** Takes the answer out of its envelope; a failure is thrown again as the error that it was. */
const unwrap = <T>(envelope: unknown): T => {
  const answer = envelope as FunctionAnswer<T>
  if (answer.ok) return answer.answer
  const { code, message, hint, ...details } = answer.failure
  throw new LockstepError(code, message, { ...details, hint })
}

import { join } from 'node:path'
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
import { sqsQueue, sqsRunQueue } from '../adapters/sqs-queue.ts'
import { systemClock, systemRandom } from '../adapters/system.ts'
import type { RollbackPlan } from '../domain/rollback-plan.ts'
import type { ArchivePorts } from '../engine/archive.ts'
import type { ControlStore } from '../engine/control-store.ts'
import type { FrontPorts } from '../engine/front.ts'
import type { RollbackFrontPorts } from '../engine/rollback-front.ts'
import type { RunnerPorts } from '../engine/run-context.ts'
import type {
  OperatorAnswer,
  OperatorRequest,
  ReconcileAnswer,
  ReleaseAnswer,
  RunnerAnswer,
} from '../engine/runner-contract.ts'
import type { Log, Observe } from '../engine/system.ts'
import type { WatchPorts } from '../engine/watch-target.ts'
import { unwrap } from './answer.ts'
import { patient, s3Options, untilAnswered } from './client-options.ts'
import { databaseAccess } from './compose-access.ts'
import type {
  ApplyConfig,
  AuditConfig,
  RollbackConfig,
  RunnerConfig,
  StatusConfig,
  UnlockConfig,
  WatchConfig,
} from './config.ts'
import { parseTargetSettings } from './target-settings.ts'

/** Makes the logger of a function. */
export const makeLogger = (serviceName: string): Logger => new Logger({ serviceName })

/** What the engine sees of a logger: a message, and data beside it. */
const toLog = (logger: Logger): Log => ({
  info: (message, data = {}) => logger.info(message, { ...data }),
  warn: (message, data = {}) => logger.warn(message, { ...data }),
})

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
export const composeRunner = async (config: RunnerConfig, logger: Logger, observe: Observe): Promise<RunnerPorts> => {
  const parse = await loadSqlParser()
  return {
    bundles: s3BundleStore(new S3Client(s3Options(config.s3Endpoint))),
    openBundle,
    control: control(config),
    database: postgresDatabase({
      parse,
      access: databaseAccess(join(import.meta.dirname, 'authorities'), config.region),
    }),
    parse,
    clock: systemClock,
    random: systemRandom,
    log: toLog(logger),
    observe,
  }
}

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

/** Makes the operators' way to the runner. */
export const composeUnlock = (config: UnlockConfig) => {
  const invoke = invokeFunction(
    new LambdaClient({ requestHandler: untilAnswered, maxAttempts: 1 }),
    config.runnerFunction,
  )
  return async (request: OperatorRequest): Promise<OperatorAnswer> => unwrap(await invoke(request))
}

/** Everything the way back's front touches. */
export const composeRollback = (config: RollbackConfig): RollbackFrontPorts => {
  const lambda = new LambdaClient({ requestHandler: untilAnswered, maxAttempts: 1 })
  const invoke = invokeFunction(lambda, config.runnerFunction)
  return {
    control: control(config),
    queue: sqsRunQueue({ ...config, client: new SQSClient({ requestHandler: patient }) }),
    askPlan: async (request) => unwrap<RollbackPlan>(await invoke(request)),
    askRelease: async (request) => unwrap<ReleaseAnswer>(await invoke(request)),
    clock: systemClock,
  }
}

/** What the audit function writes. */
export const composeArchive = (config: AuditConfig, logger: Logger): ArchivePorts => ({
  archive: s3AuditArchive(new S3Client(s3Options(config.s3Endpoint)), config.recordsBucket),
  publisher: eventBridgeEvents(new EventBridgeClient({ requestHandler: patient }), config.eventBus),
  log: toLog(logger),
})

/** What the watch function reads, and its way to the runner. */
export const composeWatch = (config: WatchConfig, logger: Logger): WatchPorts => {
  const lambda = new LambdaClient({ requestHandler: untilAnswered, maxAttempts: 1 })
  const invoke = invokeFunction(lambda, config.runnerFunction)
  return {
    ...composeArchive(config, logger),
    control: control(config),
    askReconcile: async (request) => unwrap<ReconcileAnswer>(await invoke(request)),
    clock: systemClock,
  }
}

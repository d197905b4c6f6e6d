import * as z from 'zod'
import { LockstepError } from '../domain/errors.ts'
import { environment as names } from './resources.ts'

/**
 * The environment, read in this file only, and once per process. Endpoints, region and credentials are the AWS SDK's own
 * variables; one of them is read here too, since S3 below an overridden endpoint wants its buckets in the path.
 */
export type Environment = Readonly<Record<string, string | undefined>>

const text = z.string().min(1)
const awsSchema = z.object({ s3Endpoint: text.optional() })
/** Names the deployment in its metrics. */
const measuredSchema = z.object({ deployment: text })
const tablesSchema = z.object({ controlTable: text, auditTable: text })

const runnerSchema = awsSchema
  .extend(tablesSchema.shape)
  .extend(measuredSchema.shape)
  .extend({ region: text.optional() })
const applySchema = tablesSchema.extend({
  queueUrl: text,
  deadLetterUrl: text,
  runnerFunction: text,
  bundleBucket: text,
})
const statusSchema = tablesSchema
const unlockSchema = z.object({ runnerFunction: text })
const rollbackSchema = tablesSchema.extend({ queueUrl: text, runnerFunction: text })
const auditSchema = awsSchema.extend(measuredSchema.shape).extend({ recordsBucket: text, eventBus: text })
const watchSchema = auditSchema.extend(tablesSchema.shape).extend({ runnerFunction: text })
/** A target as JSON: who invokes the function can't name another one. */
const setupSchema = z.object({ setupTarget: text })
const cliSchema = awsSchema.extend({
  bundleBucket: text.optional(),
  statusFunction: text,
  unlockFunction: text.optional(),
  rollbackFunction: text.optional(),
})

export type RunnerConfig = z.infer<typeof runnerSchema>
export type ApplyConfig = z.infer<typeof applySchema>
export type StatusConfig = z.infer<typeof statusSchema>
export type UnlockConfig = z.infer<typeof unlockSchema>
export type RollbackConfig = z.infer<typeof rollbackSchema>
export type AuditConfig = z.infer<typeof auditSchema>
export type WatchConfig = z.infer<typeof watchSchema>
export type SetupConfig = z.infer<typeof setupSchema>
const pushSchema = cliSchema.extend({ bundleBucket: text })

export type CliConfig = z.infer<typeof cliSchema>

/** Reads what the runner needs. @throws LockstepError USAGE naming the missing variables */
export const readRunnerConfig = (env: Environment = process.env): RunnerConfig => read(runnerSchema, env)
/** Reads what the queue's front needs. @throws LockstepError USAGE naming the missing variables */
export const readApplyConfig = (env: Environment = process.env): ApplyConfig => read(applySchema, env)
/** Reads what the status function needs. @throws LockstepError USAGE naming the missing variables */
export const readStatusConfig = (env: Environment = process.env): StatusConfig => read(statusSchema, env)
/** Reads what the operators' front needs. @throws LockstepError USAGE naming the missing variables */
export const readUnlockConfig = (env: Environment = process.env): UnlockConfig => read(unlockSchema, env)
/** Reads what the rollback front needs. @throws LockstepError USAGE naming the missing variables */
export const readRollbackConfig = (env: Environment = process.env): RollbackConfig => read(rollbackSchema, env)
/** Reads what the audit function needs. @throws LockstepError USAGE naming the missing variables */
export const readAuditConfig = (env: Environment = process.env): AuditConfig => read(auditSchema, env)
/** Reads what the watch function needs. @throws LockstepError USAGE naming the missing variables */
export const readWatchConfig = (env: Environment = process.env): WatchConfig => read(watchSchema, env)
/** Reads what the set-up function needs. @throws LockstepError USAGE naming the missing variables */
export const readSetupConfig = (env: Environment = process.env): SetupConfig => read(setupSchema, env)
/** Reads what the command line needs. @throws LockstepError USAGE naming the missing variables */
export const readCliConfig = (env: Environment = process.env): CliConfig => read(cliSchema, env)
/** Reads what `push` needs: the bucket as well. @throws LockstepError USAGE naming the missing variables */
export const readPushConfig = (env: Environment = process.env): CliConfig => read(pushSchema, env)

/** Names the bucket to upload to, which only `push` needs. @throws LockstepError USAGE when the environment does not name it */
export const bundleBucketOf = ({ bundleBucket }: CliConfig): string => {
  if (bundleBucket !== undefined) return bundleBucket
  throw missingVariables([names.bundleBucket])
}

const variables: Readonly<Record<string, string>> = {
  ...names,
  s3Endpoint: 'AWS_ENDPOINT_URL_S3',
  region: 'AWS_REGION',
}

function read<T>(schema: z.ZodType<T>, env: Environment): T {
  const raw = Object.fromEntries(
    Object.entries(variables).map(([field, variable]) => [field, env[variable] || undefined]),
  )
  const parsed = schema.safeParse({ ...raw, s3Endpoint: raw.s3Endpoint ?? (env.AWS_ENDPOINT_URL || undefined) })
  if (parsed.success) return parsed.data
  const missing = parsed.error.issues.map((issue) => variables[String(issue.path[0])] ?? String(issue.path[0]))
  throw missingVariables(missing)
}

const missingVariables = (missing: readonly string[]): LockstepError =>
  new LockstepError('USAGE', `environment variables are missing: ${missing.join(', ')}`, {
    hint: `set ${missing.join(' and ')}, or start the embedded cloud with \`lockstep local up\``,
    names: missing,
  })

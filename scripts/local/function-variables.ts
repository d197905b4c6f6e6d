import { credentials, region } from './names.ts'

/** A function as the host runs it. */
export interface HostedFunction {
  /** As Lambda knows it, for example `lockstep-runner`. */
  readonly name: string
  /** The folder with `index.mjs`, which exports `handler`. */
  readonly artefact: string
  readonly timeoutMs: number
  readonly memoryMiB: number
  /** What its configuration sets. */
  readonly variables: Readonly<Record<string, string>>
}

/**
 * Lists the environment variables of a function's process: those that Lambda sets, and those of its configuration.
 *
 * Nothing of the caller's own environment gets in. Beyond Lambda's are only a home and empty AWS files: without them the SDK would
 * look for the caller's profile, and fail under a uid that the password file does not name.
 */
export const functionVariables = (hosted: HostedFunction, runtimeApi: string): Record<string, string> => ({
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_SESSION_TOKEN: credentials.sessionToken,
  AWS_REGION: region,
  AWS_DEFAULT_REGION: region,
  AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
  AWS_LAMBDA_FUNCTION_NAME: hosted.name,
  AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(hosted.memoryMiB),
  AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
  AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${hosted.name}`,
  AWS_LAMBDA_LOG_STREAM_NAME: `${new Date().toISOString().slice(0, 10).replaceAll('-', '/')}/[$LATEST]${runtimeApi}`,
  AWS_LAMBDA_RUNTIME_API: runtimeApi,
  LAMBDA_TASK_ROOT: hosted.artefact,
  _HANDLER: 'index.handler',
  LANG: 'en_US.UTF-8',
  PATH: '/usr/local/bin:/usr/bin:/bin',
  TZ: ':UTC',
  HOME: '/tmp',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  ...hosted.variables,
})

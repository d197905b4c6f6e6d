import { LambdaClient } from '@aws-sdk/client-lambda'
import { S3Client } from '@aws-sdk/client-s3'
import { invokeFunction } from '../adapters/lambda-invoke.ts'
import { s3BundleStore } from '../adapters/s3-bundle-store.ts'
import type { BundleStore } from '../engine/bundle-store.ts'
import type { StatusAnswer, StatusQuestion } from '../engine/status.ts'
import { unwrap } from './answer.ts'
import { patient, s3Options } from './client-options.ts'
import type { CliConfig } from './config.ts'

/** What the command line needs of a cloud: a bucket to put bundles in, and a function to ask. */
export interface CliCloud {
  readonly bundles: BundleStore
  readonly status: (question: StatusQuestion) => Promise<StatusAnswer>
}

/** In a file of its own: the command line is not bundled, and the clients of the functions would cost it half a second each time. */
export const composeCli = (config: CliConfig): CliCloud => {
  const invoke = invokeFunction(new LambdaClient({ requestHandler: patient }), config.statusFunction)
  return {
    bundles: s3BundleStore(new S3Client(s3Options(config.s3Endpoint))),
    status: async (question) => unwrap<StatusAnswer>(await invoke(question)),
  }
}

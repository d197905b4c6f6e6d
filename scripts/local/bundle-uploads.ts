import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { isTargetName, type TargetName } from '../../functions/domain/types.ts'
import { bundleKeys } from '../../functions/edge/resources.ts'
import { bundleBucket, clientFor } from './names.ts'
import type { ObjectVersion } from './object-journal.ts'
import { objectCreated, testEvent, type Uploader } from './s3-event.ts'

/** S3's notification of the bundle queue. */
export interface BundleUploads {
  /** Forwards a durable PUT, when it is one of a bundle. */
  onPut(version: ObjectVersion, uploader: Uploader): Promise<void>
  /** Sends what S3 sends when the notification is configured. */
  sendTestEvent(): Promise<void>
  stop(): void
}

export interface BundleUploadOptions {
  readonly queueEndpoint: string
  readonly queueUrl: string
  /** Makes a target that nobody declared, before its first event; without it such an upload is refused by the functions. */
  readonly ensureTarget?: (target: TargetName) => Promise<void>
  readonly log: (line: string) => void
}

export function forwardBundleUploads(options: BundleUploadOptions): BundleUploads {
  const sqs = new SQSClient(clientFor(options.queueEndpoint))
  const send = async (body: unknown): Promise<void> => {
    await sqs.send(new SendMessageCommand({ QueueUrl: options.queueUrl, MessageBody: JSON.stringify(body) }))
  }
  return {
    async onPut(version, uploader) {
      if (!isBundle(version)) return
      await ensureTarget(options, version.key)
      await send(objectCreated(version, uploader))
    },
    sendTestEvent: () => send(testEvent(bundleBucket)),
    stop: () => sqs.destroy(),
  }
}

const isBundle = ({ bucket, key }: ObjectVersion): boolean =>
  bucket === bundleBucket && key.startsWith(bundleKeys.prefix) && key.endsWith(bundleKeys.suffix)

/** The event goes out whatever happens here: a target that is missing is refused, and recorded, by the functions. */
const ensureTarget = async ({ ensureTarget, log }: BundleUploadOptions, key: string): Promise<void> => {
  const target = key.slice(bundleKeys.prefix.length).split('/')[0] ?? ''
  if (ensureTarget === undefined || !isTargetName(target)) return
  await ensureTarget(target).catch((thrown: unknown) => log(`target ${target}: ${String(thrown)}`))
}

import { randomBytes } from 'node:crypto'
import { bucketArn, region } from './names.ts'
import type { ObjectVersion } from './object-journal.ts'

/** Who uploaded, as S3 tells it in an event. */
export interface Uploader {
  readonly principalId: string
  readonly sourceIPAddress: string
  readonly requestId: string
}

/** The message that S3 sends once when it is told to notify a queue; it has no Records. */
export const testEvent = (bucket: string) => ({
  Service: 'Amazon S3',
  Event: 's3:TestEvent',
  Time: new Date().toISOString(),
  Bucket: bucket,
  RequestId: newRequestId(),
  HostId: hostId,
})

/** The notification of one PUT, in S3's event message structure 2.1. */
export const objectCreated = (version: ObjectVersion, uploader: Uploader) => ({
  Records: [
    {
      eventVersion: '2.1',
      eventSource: 'aws:s3',
      awsRegion: region,
      eventTime: version.lastModified,
      eventName: 'ObjectCreated:Put',
      userIdentity: { principalId: uploader.principalId },
      requestParameters: { sourceIPAddress: uploader.sourceIPAddress },
      responseElements: { 'x-amz-request-id': uploader.requestId, 'x-amz-id-2': hostId },
      s3: {
        s3SchemaVersion: '1.0',
        configurationId: 'bundles',
        bucket: {
          name: version.bucket,
          ownerIdentity: { principalId: 'LOCKSTEPLOCAL' },
          arn: bucketArn(version.bucket),
        },
        object: {
          key: encodeEventKey(version.key),
          size: version.size,
          eTag: version.etag,
          versionId: version.versionId,
          sequencer: version.sequencer,
        },
      },
    },
  ],
})

/** S3 encodes a key as a form does: a space becomes `+`, and slashes stay. */
const encodeEventKey = (key: string): string =>
  encodeURIComponent(key)
    .replaceAll('%20', '+')
    .replaceAll('%2F', '/')
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

export const newRequestId = (): string => randomBytes(8).toString('hex').toUpperCase()
export const hostId = 'lockstep-local'

import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import type { AuditEvent } from '../domain/audit.ts'
import { canonicalJson } from '../domain/canonical-json.ts'
import { sha256 } from '../domain/checksum.ts'
import { LockstepError } from '../domain/errors.ts'
import type { TargetName } from '../domain/types.ts'
import type { AuditArchive } from '../engine/archive.ts'

const seqDigits = 12

/** Where an audit event is archived: `audit/<target>/<seq, 12 digits>.json`. */
export const archiveKey = (target: TargetName, seq: number): string =>
  `audit/${target}/${String(seq).padStart(seqDigits, '0')}.json`

/** Evidence lies in a folder below the events, and has no number of its own. */
const seqIn = (key: string | undefined): number | undefined => {
  const [, digits] = /^audit\/[^/]+\/(\d{12})\.json$/.exec(key ?? '') ?? []
  return digits === undefined ? undefined : Number(digits)
}

/**
 * The archive of audit events in S3: one object an event, written with `If-None-Match: *`.
 *
 * The refusal of a second write is no error: the object is read, and only other bytes are a fork. A key's evidence carries the
 * digest of what it shows, so repeating a report writes the same object.
 */
export function s3AuditArchive(client: S3Client, bucket: string): AuditArchive {
  const putNew = async (key: string, body: string): Promise<boolean> => {
    const command = new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: body,
      ContentType: 'application/json',
      IfNoneMatch: '*',
    })
    return await client.send(command).then(
      () => true,
      (error: unknown) => {
        if (error instanceof Error && error.name === 'PreconditionFailed') return false
        throw unreachable(error)
      },
    )
  }

  const read = async (key: string): Promise<string> => {
    const response = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key })).catch((error: unknown) => {
      throw unreachable(error)
    })
    return (await response.Body?.transformToString()) ?? ''
  }

  return {
    async put(event: AuditEvent) {
      const key = archiveKey(event.target, event.seq)
      const body = `${canonicalJson(event)}\n`
      if (await putNew(key, body)) return 'written'
      return (await read(key)) === body ? 'present' : 'forked'
    },

    async has(target, seq) {
      const command = new HeadObjectCommand({ Bucket: bucket, Key: archiveKey(target, seq) })
      return await client.send(command).then(
        () => true,
        (error: unknown) => {
          if (error instanceof Error && error.name === 'NotFound') return false
          throw unreachable(error)
        },
      )
    },

    async seqs(target) {
      const found: number[] = []
      let after: string | undefined
      do {
        const page = await client
          .send(new ListObjectsV2Command({ Bucket: bucket, Prefix: `audit/${target}/`, ContinuationToken: after }))
          .catch((error: unknown) => {
            throw unreachable(error)
          })
        found.push(...(page.Contents ?? []).flatMap(({ Key }) => seqIn(Key) ?? []))
        after = page.NextContinuationToken
      } while (after !== undefined)
      return found
    },

    async putEvidence(tampering) {
      const body = `${JSON.stringify(tampering, undefined, 2)}\n`
      const seq = String(tampering.seq).padStart(seqDigits, '0')
      await putNew(`audit/${tampering.target}/evidence/${seq}-${sha256(body).slice(0, seqDigits)}.json`, body)
    },
  }
}

const unreachable = (cause: unknown): LockstepError =>
  new LockstepError(
    'AWS_UNREACHABLE',
    `the records bucket did not answer: ${cause instanceof Error ? cause.message : String(cause)}`,
    {
      cause,
    },
  )

import middy from '@middy/core'
import type { DynamoDBBatchResponse } from 'aws-lambda'
import { parseAuditChange } from '../adapters/dynamodb-items.ts'
import { measuresOf } from '../edge/audit-measures.ts'
import { composeArchive, makeLogger } from '../edge/compose.ts'
import { readAuditConfig } from '../edge/config.ts'
import { parseStreamEvent } from '../edge/events.ts'
import { makeMetrics } from '../edge/metrics.ts'
import { logContext } from '../edge/middleware.ts'
import { type AuditChange, archiveChange } from '../engine/archive.ts'

const logger = makeLogger('lockstep-audit')
const config = readAuditConfig()
const publish = makeMetrics(config.deployment)
const ports = composeArchive(config, logger)

/** Keeps the stream's order: stops at the first record that fails, and names it, so that Lambda goes on from there. */
const archive = async (event: unknown): Promise<DynamoDBBatchResponse> => {
  for (const record of parseStreamEvent(event)) {
    try {
      const change = parseAuditChange(record)
      count(change, await archiveChange(ports, change))
    } catch (error) {
      logger.error('audit event not archived', error instanceof Error ? error : String(error))
      return { batchItemFailures: [{ itemIdentifier: record.sequenceNumber }] }
    }
  }
  return { batchItemFailures: [] }
}

/** Counted once it is archived: a record that comes again after a crash in between is counted then. */
const count = (change: AuditChange, found: 'intact' | 'broken'): void => {
  const { target } = change.kind === 'tampered' ? change.tampering : change.event
  const told = change.kind === 'tampered' || found === 'broken' ? { AuditTampered: 1 } : measuresOf(change.event)
  publish(target, { ...told, AuditEventsArchived: change.kind === 'added' ? 1 : 0 })
}

/** Copies the audit stream to S3 and EventBridge, makes metrics of it, and reports what may never happen to the table. */
export const handler = middy<unknown, DynamoDBBatchResponse>().use(logContext(logger)).handler(archive)

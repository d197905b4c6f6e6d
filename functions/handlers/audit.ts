import { logMetrics } from '@aws-lambda-powertools/metrics/middleware'
import middy from '@middy/core'
import type { DynamoDBBatchResponse } from 'aws-lambda'
import { parseAuditChange } from '../adapters/dynamodb-items.ts'
import { composeArchive, makeLogger } from '../edge/compose.ts'
import { readAuditConfig } from '../edge/config.ts'
import { parseStreamEvent } from '../edge/events.ts'
import { countArchived, countTampering, makeMetrics } from '../edge/metrics.ts'
import { logContext } from '../edge/middleware.ts'
import { archiveChange } from '../engine/archive.ts'

const logger = makeLogger('lockstep-audit')
const metrics = makeMetrics('lockstep-audit')
const ports = composeArchive(readAuditConfig(), logger)

/** Keeps the stream's order: stops at the first record that fails, and names it, so that Lambda goes on from there. */
const archive = async (event: unknown): Promise<DynamoDBBatchResponse> => {
  const records = parseStreamEvent(event)
  for (const record of records) {
    try {
      const change = parseAuditChange(record)
      await archiveChange(ports, change)
      if (change.kind === 'tampered') countTampering(metrics)
    } catch (error) {
      logger.error('audit event not archived', error instanceof Error ? error : String(error))
      return { batchItemFailures: [{ itemIdentifier: record.sequenceNumber }] }
    }
  }
  countArchived(metrics, records.length)
  return { batchItemFailures: [] }
}

/** Copies the audit stream to S3 and EventBridge, and reports what may never happen to the table. */
export const handler = middy<unknown, DynamoDBBatchResponse>()
  .use(logContext(logger))
  .use(logMetrics(metrics))
  .handler(archive)

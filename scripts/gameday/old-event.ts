import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { dynamodbControlStore } from '../../functions/adapters/dynamodb-control.ts'
import { systemClock, systemRandom } from '../../functions/adapters/system.ts'
import { instant, runId, type TargetName } from '../../functions/domain/types.ts'
import { parseTargetSettings } from '../../functions/edge/target-settings.ts'
import { auditTableName, controlTableName } from '../local/names.ts'

const twentyMinutesMs = 1_200_000

/** Appends an audit event of twenty minutes ago to a target's chain. */
export async function appendOldEvent(client: DynamoDBClient, target: TargetName): Promise<void> {
  const tables = { client, controlTable: controlTableName, auditTable: auditTableName }
  const ports = { parseSettings: parseTargetSettings, clock: systemClock, random: systemRandom }
  const control = dynamodbControlStore({ ...tables, ...ports })
  const at = instant(new Date(Date.now() - twentyMinutesMs))
  const run = runId('u-000000000000000000000000')
  const event = { type: 'run.parked', at, run, actor: 'game day', data: {} } as const
  await control.project({ target, seen: await control.readChain(target), receipts: [], events: [event] })
}

import { type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import type { TargetSettings } from '../domain/settings.ts'
import type { TargetName } from '../domain/types.ts'
import type { ControlTables } from './dynamodb-chain.ts'
import { asControlError } from './dynamodb-errors.ts'
import { item } from './dynamodb-expressions.ts'
import { settingsKey } from './dynamodb-items.ts'

/** Reads a target's settings; undefined for a target that was never declared. */
export async function readSettings(
  { requests, controlTable }: ControlTables,
  target: TargetName,
  parse: (raw: unknown) => TargetSettings,
): Promise<TargetSettings | undefined> {
  const found = await requests.get(controlTable, settingsKey(target))
  if (found === undefined) return undefined
  const { pk: _, sk: __, ...settings } = found
  return parse({ ...settings, target })
}

/**
 * Declares a target, or declares it anew. For the deploy and the embedded cloud: the functions' roles are denied this write.
 *
 * @throws LockstepError AWS_UNREACHABLE, AWS_DENIED
 */
export async function writeSettings(client: DynamoDBClient, table: string, settings: TargetSettings): Promise<void> {
  const { target, ...content } = settings
  try {
    await client.send(new PutItemCommand({ TableName: table, Item: item({ ...settingsKey(target), ...content }) }))
  } catch (error) {
    throw asControlError(error, table)
  }
}

import { type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb'
import { unmarshall } from '@aws-sdk/util-dynamodb'
import * as z from 'zod'
import { writeSettings } from '../../functions/adapters/dynamodb-settings.ts'
import { isTargetName } from '../../functions/domain/types.ts'
import { settingsKeys } from '../../functions/edge/resources.ts'
import { parseTargetSettings } from '../../functions/edge/target-settings.ts'
import { namesOf } from './target-names.ts'

/**
 * Writes the server's address of this start into the settings of the targets that the embedded cloud made: its port is another
 * one after every start. Settings that somebody else declared stay as they are.
 */
export async function repointTargets(
  dynamodb: DynamoDBClient,
  controlTable: string,
  databaseUrl: string,
): Promise<void> {
  const server = new URL(databaseUrl)
  const address = { host: server.hostname, port: Number(server.port || 5432) }
  for (const item of await settingsItems(dynamodb, controlTable)) {
    const made = ours.safeParse(item)
    if (!made.success || !isTargetName(made.data.target)) continue
    if (made.data.connection.user !== namesOf(made.data.target).loginRole) continue
    const { pk: _, sk: __, ...settings } = item
    const repointed = { ...settings, target: made.data.target, connection: { ...made.data.connection, ...address } }
    await writeSettings(dynamodb, controlTable, parseTargetSettings(repointed))
  }
}

const ours = z
  .object({ pk: z.string(), connection: z.looseObject({ user: z.string() }) })
  .transform(({ pk, connection }) => ({ target: pk.slice(settingsKeys.prefix.length), connection }))

const settingsItems = async (
  client: DynamoDBClient,
  controlTable: string,
): Promise<readonly Record<string, unknown>[]> => {
  const items: Record<string, unknown>[] = []
  const pages = paginateScan(
    { client },
    {
      TableName: controlTable,
      FilterExpression: 'begins_with(pk, :prefix)',
      ExpressionAttributeValues: { ':prefix': { S: settingsKeys.prefix } },
    },
  )
  for await (const page of pages) items.push(...(page.Items ?? []).map((item) => unmarshall(item)))
  return items
}

import { setTimeout as delay } from 'node:timers/promises'
import { DynamoDBClient, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { LambdaClient } from '@aws-sdk/client-lambda'
import { marshall } from '@aws-sdk/util-dynamodb'
import { packBundle } from '../../functions/adapters/bundle-writer.ts'
import type { Key } from '../../functions/adapters/dynamodb-items.ts'
import { invokeFunction } from '../../functions/adapters/lambda-invoke.ts'
import { runIdOf } from '../../functions/domain/bundle-key.ts'
import { isFinal, type RunRecord } from '../../functions/domain/records.ts'
import type { RunId, TargetName } from '../../functions/domain/types.ts'
import { readTarget } from '../cli/options.ts'
import type { Connection } from '../cli/ports.ts'
import type { EmbeddedCloud } from '../local/cloud.ts'
import { clientFor, lambdaName } from '../local/names.ts'
import type { HeartbeatBreaker } from './heartbeat-breaker.ts'
import { textFiles } from './text-files.ts'

/** A history's texts by their paths. */
export type Texts = Readonly<Record<string, string>>

/** What the scenes of a game day play on. */
export interface Stage {
  readonly cloud: EmbeddedCloud
  readonly connection: Connection
  readonly breaker: HeartbeatBreaker
  readonly dynamodb: DynamoDBClient
  push(target: TargetName, texts: Texts): Promise<RunId>
  upload(target: TargetName, bytes: Uint8Array): Promise<RunId>
  /** Waits until a run is over. */
  ended(target: TargetName, run: RunId): Promise<RunRecord>
  /** Has the watch function do what its schedules would. */
  watch(action: 'look' | 'reconcile', target: TargetName): Promise<void>
  /** Changes an attribute of an item, past every condition: what an accident does, or time. */
  set(table: string, key: Key, attribute: readonly string[], value: unknown): Promise<void>
  put(table: string, item: Readonly<Record<string, unknown>>): Promise<void>
  /** Asks until there is an answer; gives up when the game day's time is over. */
  until<T>(what: string, probe: () => Promise<T | undefined>): Promise<T>
}

interface StageParts {
  readonly cloud: EmbeddedCloud
  readonly connection: Connection
  readonly breaker: HeartbeatBreaker
  readonly signal: AbortSignal
}

const pollMs = 100

export function makeStage({ cloud, connection, breaker, signal }: StageParts): Stage {
  const dynamodb = new DynamoDBClient(clientFor(cloud.endpoints.dynamodb))
  const watch = invokeFunction(new LambdaClient(clientFor(cloud.endpoints.lambda)), lambdaName('watch'))
  const upload: Stage['upload'] = async (target, bytes) => {
    const key = `bundles/${target}/${crypto.randomUUID()}.zip`
    return runIdOf(await connection.bundles.put({ bucket: connection.bundleBucket, key, bytes }))
  }
  const until: Stage['until'] = async (what, probe) => {
    for (;;) {
      const found = await probe()
      if (found !== undefined) return found
      if (signal.aborted) throw new Error(`gave up waiting: ${what}`)
      await delay(pollMs)
    }
  }
  return {
    cloud,
    connection,
    breaker,
    dynamodb,
    upload,
    until,
    push: async (target, texts) => await upload(target, await packBundle(textFiles(texts), {})),
    ended: (target, run) =>
      until(`${target}: run ${run} is over`, async () => {
        const [found] = (await connection.status({ target, run }).catch(() => undefined))?.runs ?? []
        return found !== undefined && isFinal(found.state) ? found : undefined
      }),
    watch: async (action, target) => void (await watch({ action, targets: [target] })),
    async set(table, key, attribute, value) {
      const names = Object.fromEntries(attribute.map((name, index) => [`#n${index}`, name]))
      await dynamodb.send(
        new UpdateItemCommand({
          TableName: table,
          Key: marshall(key),
          UpdateExpression: `set ${Object.keys(names).join('.')} = :value`,
          ExpressionAttributeNames: names,
          ExpressionAttributeValues: marshall({ ':value': value }),
        }),
      )
    },
    put: async (table, item) =>
      void (await dynamodb.send(new PutItemCommand({ TableName: table, Item: marshall(item) }))),
  }
}

/** Each scene has targets of its own. */
export const sceneTarget = (name: string): TargetName => readTarget(`gameday-${name}`)

/** So long ago, as items write it. */
export const ago = (ms: number): string => new Date(Date.now() - ms).toISOString()

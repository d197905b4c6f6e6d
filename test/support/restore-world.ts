import { BatchWriteItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { openBundle } from '../../functions/adapters/bundle-reader.ts'
import { packBundle } from '../../functions/adapters/bundle-writer.ts'
import { postgresDatabase } from '../../functions/adapters/postgres-database.ts'
import { systemClock, systemRandom } from '../../functions/adapters/system.ts'
import { runIdOf } from '../../functions/domain/bundle-key.ts'
import type { Actor } from '../../functions/domain/records.ts'
import type { TargetSettings } from '../../functions/domain/settings.ts'
import type { TargetName } from '../../functions/domain/types.ts'
import type { ControlStore } from '../../functions/engine/control-store.ts'
import { reconcile } from '../../functions/engine/reconcile.ts'
import { advance } from '../../functions/engine/run.ts'
import type { RunnerPorts } from '../../functions/engine/run-context.ts'
import type {
  OperatorWish,
  ReconcileAnswer,
  RunnerAnswer,
  UnlockAnswer,
  UnlockRequest,
} from '../../functions/engine/runner-contract.ts'
import { unlock } from '../../functions/engine/unlock.ts'
import type { TestTables } from './dynamodb.ts'
import { dynamodbFixture } from './dynamodb-fixture.ts'
import { engineWorld } from './engine-world.ts'
import { memoryBundleStore } from './memory-bundle-store.ts'
import { memoryFiles } from './memory-files.ts'
import { asSuperuser, createDatabase } from './postgres.ts'
import { parse } from './sql-files.ts'

type Texts = Readonly<Record<string, string>>
/** Puts back what a backup held. */
export type Restore = () => Promise<void>

/** Databases and a control table of which backups are taken and put back, in memory or real. */
export interface RestoreWorld extends AsyncDisposable {
  readonly target: TargetName
  readonly control: ControlStore
  readonly ports: RunnerPorts
  push(texts: Texts, target?: TargetName): Promise<RunnerAnswer>
  operate(wish: OperatorWish, target?: TargetName, changes?: Partial<UnlockRequest>): Promise<UnlockAnswer>
  reconcile(target?: TargetName): Promise<ReconcileAnswer>
  backUpTarget(): Promise<Restore>
  /** Of the control table alone: audit events are never restored. */
  backUpControl(): Promise<Restore>
  /** Declares another target on a copy of this one's database. */
  cloneTarget(name: string): Promise<TargetName>
}

const actor: Actor = { kind: 'claimed', name: 'ada', requestId: 'request-1' }

type Rest = Pick<RestoreWorld, 'backUpTarget' | 'backUpControl' | 'cloneTarget' | typeof Symbol.asyncDispose>

function worldOn(ports: RunnerPorts, target: TargetName, rest: Rest): RestoreWorld {
  const budgetMs = 600_000
  const deadline = () => {
    const endsAtMs = ports.clock.monotonicMs() + budgetMs
    return { remainingMs: () => endsAtMs - ports.clock.monotonicMs() }
  }
  let uploads = 0
  return {
    ...rest,
    target,
    ports,
    control: ports.control,
    async push(texts, to = target) {
      uploads += 1
      const bytes = await packBundle(memoryFiles(texts), {})
      const object = await ports.bundles.put({ bucket: 'bundles', key: `bundles/${to}/${uploads}.zip`, bytes })
      const run = runIdOf(object)
      await ports.control.countStart({
        id: run,
        target: to,
        direction: 'up',
        work: { kind: 'bundle', object },
        actor,
        createdAt: ports.clock.now(),
      })
      return advance(ports, { action: 'advance', target: to, run, actor, budgetMs }, deadline())
    },
    operate: (wish, of = target, changes = {}) =>
      unlock(
        ports,
        { action: 'unlock', wish, target: of, reason: 'restored', force: false, actor, budgetMs, ...changes },
        deadline(),
      ),
    reconcile: (of = target) => reconcile(ports, { action: 'reconcile', target: of, actor, budgetMs }),
  }
}

/** All in memory and in virtual time. */
export async function memoryRestoreWorld(): Promise<RestoreWorld> {
  const world = engineWorld()
  const { control, database, settings, target, ports } = world
  return worldOn(ports, target, {
    async backUpTarget() {
      const backup = database.snapshot()
      return async () => database.restore(backup)
    },
    async backUpControl() {
      const backup = control.snapshot()
      return async () => {
        const { events } = control.records(target)
        control.restore(backup)
        const restored = control.records(target)
        restored.events.splice(0, restored.events.length, ...events)
      }
    },
    async cloneTarget(name) {
      const other = name as TargetName
      const copy: TargetSettings = {
        ...settings,
        target: other,
        connection: { ...settings.connection, database: name },
      }
      const data = new Map(database.snapshot())
      const original = data.get(settings.connection.database)
      if (original !== undefined) data.set(name, structuredClone(original))
      database.restore(data)
      control.records(other).settings = copy
      return other
    },
    async [Symbol.asyncDispose]() {},
  })
}

/** Real PostgreSQL and an emulated DynamoDB. */
export async function realRestoreWorld(): Promise<RestoreWorld> {
  const made = await createDatabase()
  const fixture = await dynamodbFixture()
  const { settings } = made
  await fixture.putSettings(settings)
  const copies: string[] = []
  const copy = async (from: string, to: string): Promise<void> =>
    asSuperuser(async (client) => {
      await client.query(`drop database if exists ${to} with (force)`)
      await client.query(`create database ${to} owner ${settings.applicationRole} template ${from} strategy file_copy`)
      copies.push(to)
    })
  const ports: RunnerPorts = {
    bundles: memoryBundleStore(),
    openBundle,
    control: fixture.store,
    database: postgresDatabase({ parse }),
    parse,
    clock: systemClock,
    random: systemRandom,
    log: { info: () => undefined, warn: () => undefined },
    observe: () => undefined,
  }
  return worldOn(ports, settings.target, {
    async backUpTarget() {
      const name = `${made.name}_b${copies.length}`
      await copy(made.name, name)
      return () => copy(name, made.name)
    },
    backUpControl: () => backUpTable(fixture.tables),
    async cloneTarget(name) {
      const database = `${made.name}_${name}`
      await copy(made.name, database)
      const other = `${settings.target}-${name}` as TargetName
      await fixture.putSettings({ ...settings, target: other, connection: { ...settings.connection, database } })
      return other
    },
    async [Symbol.asyncDispose]() {
      await asSuperuser(async (client) => {
        for (const name of copies) await client.query(`drop database if exists ${name} with (force)`)
      })
      await made[Symbol.asyncDispose]()
      await fixture[Symbol.asyncDispose]()
    },
  })
}

async function backUpTable({ client, controlTable }: TestTables): Promise<Restore> {
  const scan = async () =>
    (await client.send(new ScanCommand({ TableName: controlTable, ConsistentRead: true }))).Items ?? []
  const backup = await scan()
  return async () => {
    const now = await scan()
    const key = ({ pk, sk }: Record<string, unknown>) => JSON.stringify([pk, sk])
    const kept = new Set(backup.map(key))
    const writes = [
      ...now.filter((item) => !kept.has(key(item))).map(({ pk, sk }) => ({ DeleteRequest: { Key: { pk, sk } } })),
      ...backup.map((Item) => ({ PutRequest: { Item } })),
    ]
    for (let from = 0; from < writes.length; from += 25)
      await client.send(
        new BatchWriteItemCommand({ RequestItems: { [controlTable]: writes.slice(from, from + 25) as never } }),
      )
  }
}

import { Client } from 'pg'
import { dynamodbControlStore } from '../../functions/adapters/dynamodb-control.ts'
import { writeSettings } from '../../functions/adapters/dynamodb-settings.ts'
import { postgresDatabase } from '../../functions/adapters/postgres-database.ts'
import { systemClock, systemRandom } from '../../functions/adapters/system.ts'
import type { TargetSettings } from '../../functions/domain/settings.ts'
import { type TargetName, token } from '../../functions/domain/types.ts'
import { parseTargetSettings } from '../../functions/edge/target-settings.ts'
import { readCatalog } from '../../scripts/shadow/catalog.ts'
import { openedBefore, packOnce, parseOnce } from './crash-bundles.ts'
import { controlEvidence } from './crash-evidence.ts'
import type { CrashWorld } from './crash-world.ts'
import type { TestTables } from './dynamodb.ts'
import { eventually } from './eventually.ts'
import { memoryBundleStore } from './memory-bundle-store.ts'
import { createDatabase, type TestDatabase } from './postgres.ts'

/** Short, since a point waits for the lease of the process that died; long enough for a heartbeat on a busy machine. */
const leaseMs = 400
const heartbeatMs = 100
/** A machine that is too busy to beat must not end a run. */
const faultAttempts = 1_000

/** Real worlds, one after another on the same database and tables, each as a new target. */
export interface RealPlace extends AsyncDisposable {
  makeWorld(): Promise<CrashWorld>
}

/** Makes a database, a connection that looks after it, and shares the tables. */
export async function realPlace(tables: TestTables): Promise<RealPlace> {
  const database = await createDatabase()
  const admin = new Client({ connectionString: database.superuserUrl })
  await admin.connect()
  let worlds = 0
  return {
    makeWorld: async () => {
      worlds += 1
      await empty({ admin, database })
      return await realWorld({ database, admin, tables }, worlds)
    },
    [Symbol.asyncDispose]: async () => {
      await admin.end()
      await database[Symbol.asyncDispose]()
    },
  }
}

interface Place {
  readonly database: TestDatabase
  readonly admin: Client
  readonly tables: TestTables
}

const endOthers = `
  select pg_terminate_backend(pid, 5000)
  from pg_stat_activity
  where datname = current_database()
  and pid <> pg_backend_pid()
  and backend_type = 'client backend'`

const empty = ({ admin, database }: Pick<Place, 'admin' | 'database'>) =>
  admin.query(endOthers).then(() =>
    admin.query(`
        drop schema if exists lockstep cascade;
        drop schema public cascade;
        create schema public authorization pg_database_owner;
        grant usage on schema public to public;
        ${database.rolesSql}`),
  )

async function realWorld({ database, admin, tables }: Place, count: number): Promise<CrashWorld> {
  const { settings: declared } = database
  const target = `${declared.target}-${count}` as TargetName
  const policy = { ...declared.policy, faultAttempts }
  const settings: TargetSettings = { ...declared, target, leaseMs, heartbeatMs, policy }
  await writeSettings(tables.client, tables.controlTable, settings)
  const clock = systemClock
  const random = systemRandom
  const { client, controlTable, auditTable } = tables
  const control = dynamodbControlStore({
    ...{ client, controlTable, auditTable, clock, random },
    parseSettings: parseTargetSettings,
  })
  const bundles = memoryBundleStore()
  const real = postgresDatabase({ parse: parseOnce })
  const ending: Promise<unknown>[] = []
  let uploads = 0

  return {
    target,
    longestWaitMs: 10,
    ports: {
      ...{ bundles, openBundle: openedBefore, control, database: real, clock, parse: parseOnce, random },
      log: { info: () => undefined, warn: () => undefined },
      observe: () => undefined,
    },
    async upload(texts) {
      uploads += 1
      const bytes = await packOnce(texts)
      return await bundles.put({ bucket: 'bundles', key: `bundles/${target}/${uploads}.zip`, bytes })
    },
    end(connection, how) {
      if (!('leave' in connection && typeof connection.leave === 'function' && 'backend' in connection)) return
      const { pid } = connection.backend as { readonly pid: number }
      if (how === 'reset') ending.push(admin.query('select pg_terminate_backend($1)', [pid]))
      connection.leave()
    },
    async evidence(runs) {
      await Promise.all(ending)
      await eventually(async () => (await openSessions(admin)) === 0, 5_000)
      await using session = await real.connect(settings, token(1))
      const state = await session.readState()
      const receipts = await session.receiptsAfter(null, 1_000)
      return {
        ...(await controlEvidence(control, target, { runs, receipts })),
        effects: [JSON.stringify(await readCatalog(admin)), ...(await readRows(admin))],
        applied: state.applied.map(({ migration, checksum }) => `${migration} ${checksum}`),
        progress: state.progress.length,
        sessions: 0,
      }
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
}

const openSessions = async (admin: Client): Promise<number> => {
  const { rows } = await admin.query<{ count: number }>(`
    select count(*)::integer
    from pg_stat_activity
    where datname = current_database()
    and application_name like 'lockstep:%'`)
  return rows[0]?.count ?? 0
}

/** All rows of all tables of the migrations, table by table, in the order of their texts. */
const readRows = async (admin: Client): Promise<readonly string[]> => {
  const { rows: names } = await admin.query<{ name: string }>(
    `select quote_ident(tablename) as name from pg_tables where schemaname = 'public' order by 1`,
  )
  const texts: string[] = []
  for (const { name } of names) {
    const { rows } = await admin.query<{ row: string }>(`select t::text as row from public.${name} t order by 1`)
    texts.push(`${name}: ${rows.map(({ row }) => row).join(' ')}`)
  }
  return texts
}

import pg from 'pg'
import { runKey, settingsKey } from '../../functions/adapters/dynamodb-items.ts'
import { controlTableName } from '../local/names.ts'
import type { Scene } from './scene.ts'
import { ago, type Stage, sceneTarget } from './stage.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

const failed: Scene = {
  place: 'beside others',
  conditions: { 'run-failed': 'a migration divides by zero' },
  async play({ push, ended }) {
    const target = sceneTarget('failed')
    await ended(target, await push(target, { '1_a/migration.sql': 'select 1 / 0;' }))
  },
}

const refused: Scene = {
  place: 'beside others',
  conditions: { 'run-refused': 'an upload that is no zip' },
  async play({ upload, ended }) {
    const target = sceneTarget('refused')
    await ended(target, await upload(target, Buffer.from('no zip at all')))
  },
}

const retried: Scene = {
  place: 'beside others',
  conditions: { 'migration-retries': 'the application locks the table that a migration wants' },
  async play({ cloud, push, ended }) {
    const target = sceneTarget('retried')
    const first = { '1_a/migration.sql': 'create table busy (id int);' }
    await ended(target, await push(target, first))
    const application = new pg.Client(cloud.databaseUrl(target))
    await application.connect()
    try {
      await application.query('begin')
      await application.query('lock table busy')
      const sql = '-- lockstep:lock_timeout=100ms\nalter table busy add column name text;'
      await ended(target, await push(target, { ...first, '2_b/migration.sql': sql }))
    } finally {
      await application.end()
    }
  },
}

const unreachable: Scene = {
  place: 'beside others',
  conditions: { 'database-unreachable': 'the settings name a port on which nobody listens; three pushes' },
  async play({ cloud, push, set, until, connection }) {
    const target = sceneTarget('unreachable')
    await cloud.ensureTarget(target)
    await set(controlTableName, settingsKey(target), ['connection', 'port'], 1)
    const runs = await Promise.all([1, 2, 3].map((n) => push(target, { [`${n}_a/migration.sql`]: 'select 1;' })))
    await until('each run met the fault', async () => {
      const asked = runs.map((run) => connection.status({ target, run }).catch(() => undefined))
      const found = (await Promise.all(asked)).flatMap((answer) => answer?.runs ?? [])
      return found.filter(({ faults }) => faults > 0).length === runs.length ? true : undefined
    })
  },
}

const waiting: Scene = {
  place: 'beside others',
  conditions: {
    'lease-wait': 'a run waits behind another one; its start is set back by 20 minutes',
    'run-expired': 'another one waits too; its start is set back by 25 hours',
    'queue-age': 'their messages wait with them; sending them is set back by 2 hours',
    'lease-age': 'the run that holds the lease was begun, as its item says, 5 hours ago',
  },
  async play(stage) {
    const { cloud, push, set, watch, until, ended, connection } = stage
    const target = sceneTarget('waiting')
    const holder = await push(target, { '1_a/migration.sql': 'select pg_sleep(300);' })
    await isHeld(stage, target)
    const waiter = await push(target, { '1_b/migration.sql': 'select 1;' })
    const expiring = await push(target, { '1_c/migration.sql': 'select 1;' })
    for (const run of [waiter, expiring])
      await until(`run ${run} is made`, async () => (await connection.status({ target, run })).runs[0])
    await set(controlTableName, runKey(target, waiter), ['createdAt'], ago(20 * minuteMs))
    await set(controlTableName, runKey(target, expiring), ['createdAt'], ago(25 * hourMs))
    await set(controlTableName, runKey(target, holder), ['startedAt'], ago(5 * hourMs))
    cloud.ageQueue(2 * hourMs)
    await watch('look', target)
    await ended(target, expiring)
  },
}

const isHeld = ({ until, connection }: Stage, target: ReturnType<typeof sceneTarget>) =>
  until(`${target} is held`, async () => {
    const lock = (await connection.status({ target }).catch(() => undefined))?.lock
    return lock?.phase === 'APPLYING' ? lock : undefined
  })

const heartbeats: Scene = {
  place: 'beside others',
  conditions: {
    'heartbeat-failures': 'the control table answers heartbeats with an error, while a step takes twelve seconds',
  },
  async play(stage) {
    const { push, ended, breaker } = stage
    const target = sceneTarget('heartbeats')
    const run = await push(target, { '1_a/migration.sql': 'select pg_sleep(12);' })
    await isHeld(stage, target)
    breaker.breakOf(target)
    try {
      await ended(target, run)
    } finally {
      breaker.breakOf(undefined)
    }
  },
}

/** Scenes whose conditions are runs that end badly, or wait. */
export const scenesOfRuns: readonly Scene[] = [waiting, failed, refused, retried, unreachable, heartbeats]

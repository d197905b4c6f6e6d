import pg from 'pg'
import { eventKey } from '../../functions/adapters/dynamodb-items.ts'
import type { TargetName } from '../../functions/domain/types.ts'
import { auditTableName } from '../local/names.ts'
import { appendOldEvent } from './old-event.ts'
import type { Scene } from './scene.ts'
import { type Stage, sceneTarget } from './stage.ts'

const history = { '1_a/migration.sql': 'create table twice as select 1 as id from generate_series(1, 2);' }

/** Migrates a target, as its first deploy does. */
const migrated = async ({ push, ended }: Stage, name: string): Promise<TargetName> => {
  const target = sceneTarget(name)
  await ended(target, await push(target, history))
  return target
}

const asSuperuser = async (stage: Stage, target: TargetName, sql: string): Promise<void> => {
  const client = new pg.Client(stage.cloud.databaseUrl(target))
  await client.connect()
  await client.query(sql).finally(() => client.end())
}

const drift: Scene = {
  place: 'beside others',
  conditions: { drift: 'the fence stands where it stood before the last run, as after a restore' },
  async play(stage) {
    const target = await migrated(stage, 'drift')
    await asSuperuser(stage, target, 'update lockstep.fence set token = 0')
    await stage.watch('reconcile', target)
  },
}

const index: Scene = {
  place: 'beside others',
  conditions: { 'invalid-indexes': 'a concurrent build of a unique index meets a duplicate' },
  async play(stage) {
    const target = await migrated(stage, 'index')
    await asSuperuser(stage, target, 'create unique index concurrently once on twice (id)').catch(() => undefined)
    await stage.watch('reconcile', target)
  },
}

const late: Scene = {
  place: 'alone',
  conditions: {
    'audit-lag': 'the stream is switched off, and an event of 20 minutes ago is not archived',
    'audit-gap': 'the daily reconcile copies it',
  },
  async play(stage) {
    const target = sceneTarget('late')
    await stage.cloud.ensureTarget(target)
    stage.cloud.switchAudit('off')
    await appendOldEvent(stage.dynamodb, target)
    await stage.watch('look', target)
    await stage.watch('reconcile', target)
    stage.cloud.switchAudit('on')
  },
}

const tampered: Scene = {
  place: 'beside others',
  conditions: { 'audit-tampered': 'the actor of an audit event is overwritten' },
  async play(stage) {
    const target = await migrated(stage, 'tampered')
    await stage.set(auditTableName, eventKey(target, 1), ['actor'], 'somebody else')
  },
}

const broken: Scene = {
  place: 'beside others',
  conditions: { 'audit-broken': 'something that is no event lies beyond the end of the chain, and a bundle comes' },
  async play(stage) {
    const target = await migrated(stage, 'broken')
    const { chain } = await stage.connection.status({ target })
    await stage.put(auditTableName, { ...eventKey(target, chain.seq + 1), junk: true })
    await stage.ended(target, await stage.push(target, { ...history, '2_b/migration.sql': 'select 1;' }))
  },
}

const failing: Scene = {
  place: 'beside others',
  conditions: { 'audit-failures': 'an item that no target can have fails in the audit function, again and again' },
  async play({ put, until, cloud }) {
    await put(auditTableName, { pk: 'T#no target', sk: 'A#000000000001' })
    await until('its position is set aside', async () => cloud.auditFailures()[0])
  },
}

const operators: Scene = {
  place: 'beside others',
  conditions: { 'break-glass': 'an operator freezes a target, and thaws it' },
  async play(stage) {
    const target = await migrated(stage, 'operators')
    const asks = { target, reason: 'game day', actor: 'game day', force: false }
    await stage.connection.operate({ ...asks, action: 'freeze' })
    await stage.connection.operate({ ...asks, action: 'thaw' })
  },
}

/** Scenes whose conditions lie in databases and in the audit trail. */
export const scenesOfProof: readonly Scene[] = [late, drift, index, tampered, broken, failing, operators]

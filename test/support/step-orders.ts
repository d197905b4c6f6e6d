import { randomUUID } from 'node:crypto'
import { sha256 } from '../../functions/domain/checksum.ts'
import type { Lease } from '../../functions/domain/records.ts'
import type { TargetSettings } from '../../functions/domain/settings.ts'
import type { StepBody, StepSource } from '../../functions/domain/step-source.ts'
import { migrationName, runId, type TargetName, token, workerId } from '../../functions/domain/types.ts'
import { compileVerify } from '../../functions/domain/verify-source.ts'
import type { StepOrder, TargetDatabase, TargetSession } from '../../functions/engine/target-database.ts'
import { compile, parse } from './sql-files.ts'

/** A lease of a new worker. */
export const leaseOf = (target: TargetName, ours: number, changes: Partial<Lease> = {}): Lease => ({
  target,
  run: runId(`r-${ours}`),
  worker: workerId(randomUUID()),
  token: token(ours),
  leaseMs: 30_000,
  attachedOnce: ours > 1,
  ...changes,
})

/** A session that may change its database: it has the lock, the schema and the fence. */
export interface AttachedTarget extends AsyncDisposable {
  readonly session: TargetSession
  readonly lease: Lease
  readonly settings: TargetSettings
}

/** Attaches as the engine does, and fails the test when that is refused. */
export const attachTarget = async (
  database: TargetDatabase,
  settings: TargetSettings,
  lease: Lease,
): Promise<AttachedTarget> => {
  const session = await database.connect(settings, lease.token)
  const tried = await session.tryLock()
  if (!tried.granted) throw new Error(`the lock is held: ${JSON.stringify(tried)}`)
  await session.ensureSchema()
  const raise = await session.raiseFence(lease, !lease.attachedOnce)
  if (raise.kind !== 'raised') throw new Error(`the fence was not raised: ${JSON.stringify(raise)}`)
  return { session, lease, settings, [Symbol.asyncDispose]: () => session[Symbol.asyncDispose]() }
}

/** A migration of this text, compiled as a bundle's would be. */
export const sourceOf = (text: string, name = 'm'): StepSource => ({ ...migrationOf(text, name), ...compile(text) })

/** A migration of this text, with what must hold after it. */
export const verifiedSource = (text: string, verify: string, name = 'm'): StepSource => ({
  ...sourceOf(text, name),
  verify: compileVerify({ path: `${name}/verify.sql`, text: verify }, migrationName(name), parse),
})

/** A migration of this text that nobody judged: what the parser refuses reaches the database. */
export const unjudgedSource = (text: string, body: Partial<StepBody> = {}): StepSource => {
  const plain = { kind: 'transaction', sql: text, flattened: false } as const
  return {
    ...migrationOf(text, 'm'),
    directives: { transaction: 'step' },
    path: 'm/migration.sql',
    text,
    body: { ...plain, ...body } as StepBody,
    notices: [],
  }
}

const migrationOf = (text: string, name: string) => {
  const checksum = sha256(text)
  const up = { path: `${name}/migration.sql`, bytes: Buffer.byteLength(text), sha256: checksum }
  return { migration: { name: migrationName(name), checksum, form: 'folder' as const, up } }
}

/** The order that runs a source next, after the newest receipt. */
export const orderOf = async (
  { session, lease, settings }: AttachedTarget,
  source: StepSource,
  changes: Partial<StepOrder> = {},
): Promise<StepOrder> => {
  const { head } = await session.readState()
  return {
    source,
    direction: 'up',
    lease,
    settings,
    run: lease.run,
    bundle: sha256('bundle'),
    attempt: 1,
    outOfOrder: false,
    key: { token: lease.token, n: head?.token === lease.token ? head.n + 1 : 1 },
    head,
    ...changes,
  }
}

/** Runs a text as a transactional step. */
export const commitText = async (target: AttachedTarget, text: string, name = 'm') =>
  target.session.commitStep(await orderOf(target, sourceOf(text, name)))

import { randomUUID } from 'node:crypto'
import type { Client } from 'pg'
import { postgresDatabase } from '../../functions/adapters/postgres-database.ts'
import { systemClock, systemRandom } from '../../functions/adapters/system.ts'
import { sha256 } from '../../functions/domain/checksum.ts'
import { compileDown } from '../../functions/domain/compile-step.ts'
import { LockstepError } from '../../functions/domain/errors.ts'
import type { RevertibleStep } from '../../functions/domain/plan-down.ts'
import type { Receipt } from '../../functions/domain/receipt.ts'
import type { Lease } from '../../functions/domain/records.ts'
import type { TargetSettings } from '../../functions/domain/settings.ts'
import type { SqlParser } from '../../functions/domain/sql-parser.ts'
import type { StepSource } from '../../functions/domain/step-source.ts'
import { runId, token, workerId } from '../../functions/domain/types.ts'
import { parseTargetSettings } from '../../functions/edge/target-settings.ts'
import { runStep, type StepContext } from '../../functions/engine/step.ts'
import type { StepOrder, TargetSession } from '../../functions/engine/target-database.ts'
import { openClient, type ScratchDatabase } from './scratch-database.ts'

/** A scratch database with a session of the engine, which runs steps there as on any target. */
export interface ScratchTarget extends AsyncDisposable {
  readonly client: Client
  /** Runs a migration; a receipt with a failure says that it was rolled back. */
  up(source: StepSource): Promise<Receipt>
  /** Runs the way back of the migration that was applied last, as its receipt keeps it. */
  down(source: StepSource): Promise<Receipt>
}

/** Copies of a database have its fence, so every session takes a higher token than any before it. */
let tokens = 0

/**
 * Attaches to a scratch database: lock, schema, fence, as a run does.
 *
 * @throws LockstepError what the adapters throw
 */
export async function attachScratch(database: ScratchDatabase, parse: SqlParser): Promise<ScratchTarget> {
  await using stack = new AsyncDisposableStack()
  const settings = settingsOf(database)
  const lease = nextLease(settings)
  const session = stack.use(await postgresDatabase({ parse }).connect(settings, lease.token))
  const tried = await session.tryLock()
  if (!tried.granted) throw new LockstepError('INTERNAL', `the lock of ${database.name} is held`)
  await session.ensureSchema()
  const raise = await session.raiseFence(lease, true)
  if (raise.kind !== 'raised') throw new LockstepError('INTERNAL', `the fence of ${database.name} is ${raise.kind}`)
  const { client } = stack.use(await openClient(database.url))
  const run = (source: StepSource, order: Pick<StepOrder, 'direction' | 'undoes'>) =>
    runOrder({ session, settings, lease }, source, order)
  const whole = stack.move()
  return {
    client,
    up: (source) => run(source, { direction: 'up' }),
    down: async (source) => {
      const step = await readWayBack(session, source)
      return await run(compileDown(step, parse), { direction: 'down', undoes: step.receipt })
    },
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  }
}

/** Encrypted only where the URL asks for it: a throwaway database in a pipeline seldom has a certificate. */
const settingsOf = ({ name, url: text }: ScratchDatabase): TargetSettings => {
  const url = new URL(text)
  const user = decodeURIComponent(url.username)
  return parseTargetSettings({
    target: 'shadow',
    applicationRole: user,
    connection: {
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(url.port || 5432),
      database: name,
      user,
      credential: { kind: 'password', password: decodeURIComponent(url.password) },
      tls: /^(require|verify-ca|verify-full)$/.test(url.searchParams.get('sslmode') ?? '') ? 'verify' : 'off',
    },
  })
}

const nextLease = ({ target, leaseMs }: TargetSettings): Lease => {
  tokens += 1
  return {
    target,
    run: runId('shadow'),
    worker: workerId(randomUUID()),
    token: token(tokens),
    leaseMs,
    attachedOnce: false,
  }
}

interface Attached {
  readonly session: TargetSession
  readonly settings: TargetSettings
  readonly lease: Lease
}

const silent = { info: () => undefined, warn: () => undefined }

const runOrder = async (
  { session, settings, lease }: Attached,
  source: StepSource,
  order: Pick<StepOrder, 'direction' | 'undoes'>,
): Promise<Receipt> => {
  const context: StepContext = { settings, clock: systemClock, random: systemRandom, log: silent }
  const { head, progress } = await session.readState()
  const n = head?.token === lease.token ? head.n + 1 : 1
  return await runStep(context, {
    session,
    progress,
    order: {
      ...{ source, settings, lease, run: lease.run, bundle: sha256(''), outOfOrder: false },
      ...order,
      key: { token: lease.token, n },
      head,
    },
  })
}

/** Reads the way back of the newest migration from its receipt, as a rollback does. */
const readWayBack = async (session: TargetSession, { migration }: StepSource): Promise<RevertibleStep> => {
  const { head } = await session.readState()
  const newest = head === null ? [] : await session.appliedAfter({ ...head, n: head.n - 1 })
  const step = newest.find((applied) => applied.migration === migration.name)
  const down = step?.wayBack.down
  if (step === undefined || down === undefined)
    throw new LockstepError('INTERNAL', `${migration.name} was not applied last, or has no way back`)
  return { ...step, wayBack: { ...step.wayBack, down } }
}

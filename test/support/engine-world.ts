import { openBundle } from '../../functions/adapters/bundle-reader.ts'
import { packBundle } from '../../functions/adapters/bundle-writer.ts'
import { loadSqlParser } from '../../functions/adapters/libpg-parser.ts'
import { runIdOf } from '../../functions/domain/bundle-key.ts'
import type { ManifestInput } from '../../functions/domain/bundle-manifest.ts'
import type { Receipt } from '../../functions/domain/receipt.ts'
import type { Actor, RollbackWish } from '../../functions/domain/records.ts'
import { type RollbackPlan, runIdOfPlan } from '../../functions/domain/rollback-plan.ts'
import type { TargetSettings } from '../../functions/domain/settings.ts'
import type { TargetName } from '../../functions/domain/types.ts'
import { planRollback } from '../../functions/engine/plan-rollback.ts'
import { advance } from '../../functions/engine/run.ts'
import type { RunnerPorts } from '../../functions/engine/run-context.ts'
import type { AdvanceRequest, RunnerAnswer } from '../../functions/engine/runner-contract.ts'
import type { Observation } from '../../functions/engine/system.ts'
import { countingRandom } from './counting-random.ts'
import { type MemoryBundleStore, memoryBundleStore } from './memory-bundle-store.ts'
import { type MemoryControl, memoryControl } from './memory-control.ts'
import { type MemoryDatabase, memoryDatabase } from './memory-database.ts'
import { memoryFiles } from './memory-files.ts'
import { targetSettings } from './target-settings.ts'
import { type VirtualClock, virtualClock } from './virtual-clock.ts'

/** Everything that a run touches, in memory and in virtual time, with one declared target. */
export interface World {
  readonly target: TargetName
  readonly settings: TargetSettings
  readonly clock: VirtualClock
  readonly control: MemoryControl
  readonly database: MemoryDatabase
  readonly bundles: MemoryBundleStore
  readonly ports: RunnerPorts
  /** What the engine observed, in order. */
  readonly observed: readonly (readonly [Observation, number])[]
  /** Packs and stores texts by their paths, counts the run's start, and says what its front would ask. */
  push(texts: Readonly<Record<string, string>>, manifest?: ManifestInput): Promise<AdvanceRequest>
  /** Stores a bundle that is packed already, and else does as `push` does. */
  pushBytes(bytes: Uint8Array): Promise<AdvanceRequest>
  planRollback(wish: RollbackWish): Promise<RollbackPlan>
  /** Counts the start of the run that a plan confirms, and says what its front would ask. */
  confirm(plan: RollbackPlan): Promise<AdvanceRequest>
  /** Deletes the object that a run was to read. */
  removeObject(request: AdvanceRequest): Promise<void>
  /** Runs one slice. */
  advance(request: AdvanceRequest, budgetMs?: number, changed?: RunnerPorts): Promise<RunnerAnswer>
  receipts(): readonly Receipt[]
  auditTypes(): Promise<readonly string[]>
}

const actor: Actor = { kind: 'upload', principal: 'AWS:deploy', address: '192.0.2.7' }
const parse = await loadSqlParser()

export function engineWorld(changes: Partial<TargetSettings> = {}): World {
  const settings: TargetSettings = { ...targetSettings('shop'), ...changes }
  const { target } = settings
  const clock = virtualClock()
  const control = memoryControl(clock)
  const database = memoryDatabase(clock)
  const bundles = memoryBundleStore()
  const log = { info: () => undefined, warn: () => undefined }
  const observed: (readonly [Observation, number])[] = []
  const observe: RunnerPorts['observe'] = (_, what, value) => observed.push([what, value])
  const random = countingRandom()
  // Opened at the push: reading a zip takes turns of the event loop, in which virtual time would move.
  const opened = new Map<Uint8Array, ReturnType<typeof openBundle>>()
  const openedBefore: RunnerPorts['openBundle'] = (bytes, limits) => opened.get(bytes) ?? openBundle(bytes, limits)
  const outside = { bundles, openBundle: openedBefore, control, database, parse, clock, random }
  const ports: RunnerPorts = { ...outside, log, observe }
  control.records(target).settings = settings
  let uploads = 0

  const pushBytes = async (bytes: Uint8Array): Promise<AdvanceRequest> => {
    uploads += 1
    const opening = openBundle(bytes, settings.limits)
    opened.set(bytes, opening)
    await opening.catch(() => undefined)
    const object = await bundles.put({ bucket: 'bundles', key: `bundles/${target}/${uploads}.zip`, bytes })
    const run = runIdOf(object)
    await control.countStart({
      id: run,
      target,
      direction: 'up',
      work: { kind: 'bundle', object },
      actor,
      createdAt: clock.now(),
    })
    return { action: 'advance', target, run, actor, budgetMs: 870_000 }
  }

  return {
    target,
    settings,
    clock,
    control,
    database,
    bundles,
    ports,
    observed,
    push: async (texts, manifest = {}) => pushBytes(await packBundle(memoryFiles(texts), manifest)),
    pushBytes,
    planRollback: (wish) => planRollback(ports, { action: 'plan-rollback', target, wish, actor, budgetMs: 20_000 }),
    async confirm({ wish, floor, head, digest }) {
      const run = runIdOfPlan(target, digest)
      const work = { kind: 'rollback', wish, plan: digest, floor, head } as const
      await control.countStart({ id: run, target, direction: 'down', work, actor, createdAt: clock.now() })
      return { action: 'advance', target, run, actor, budgetMs: 870_000 }
    },
    async removeObject({ run }) {
      const work = (await control.readRun(target, run))?.work
      if (work?.kind === 'bundle') bundles.remove(work.object)
    },
    advance: (request, budgetMs = request.budgetMs, changed = ports) => {
      const endsAtMs = clock.monotonicMs() + budgetMs
      return advance(changed, request, { remainingMs: () => endsAtMs - clock.monotonicMs() })
    },
    receipts: () => database.data(settings.connection.database).receipts,
    auditTypes: async () => (await control.readAudit(target, 0, 1_000)).map(({ type }) => type),
  }
}

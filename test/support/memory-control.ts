import { isDeepStrictEqual } from 'node:util'
import { chainEvents, emptyChain } from '../../functions/domain/audit-chain.ts'
import { compareBytes } from '../../functions/domain/byte-order.ts'
import { LockstepError } from '../../functions/domain/errors.ts'
import { ledgerEntries } from '../../functions/domain/ledger.ts'
import { copyOf } from '../../functions/domain/receipt.ts'
import { isFinal } from '../../functions/domain/records.ts'
import { type Instant, laterBy, type Sha256, type TargetName } from '../../functions/domain/types.ts'
import { type ControlStore, maxReceipts } from '../../functions/engine/control-store.ts'
import { claimLease, heldBy, leave } from './memory-lease.ts'
import { memoryOperator } from './memory-operator.ts'
import { append, change, finish, mustHaveRun, type TargetRecords } from './memory-records.ts'

/** A control store in memory; every call takes effect before it returns its promise. */
export interface MemoryControl extends ControlStore {
  /** All records, to look at and to change. */
  records(target: TargetName): TargetRecords
  snapshot(): MemorySnapshot
  restore(snapshot: MemorySnapshot): void
}

export type MemorySnapshot = ReadonlyMap<TargetName, TargetRecords>

/**
 * Makes a control store with the semantics of the one on DynamoDB, deterministic and without timers: the contract suite and its
 * model-based test hold both to the same answers.
 */
export function memoryControl(clock: { now(): Instant }): MemoryControl {
  let targets = new Map<TargetName, TargetRecords>()
  const of = (target: TargetName): TargetRecords => {
    const known = targets.get(target) ?? {
      chain: emptyChain,
      runs: new Map(),
      ledger: new Map(),
      done: new Set<Sha256>(),
      events: [],
    }
    targets.set(target, known)
    return known
  }
  return {
    records: of,
    snapshot: () => structuredClone(targets),
    restore: (snapshot) => {
      targets = new Map(structuredClone(snapshot))
    },

    readSettings: async (target) => of(target).settings,
    readLock: async (target) => of(target).lock,
    hasSucceeded: async (target, bundle) => of(target).done.has(bundle),
    readRun: async (target, run) => of(target).runs.get(run)?.record,
    readChain: async (target) => of(target).chain,
    readLedger: async (target) =>
      [...of(target).ledger.values()].sort((a, b) => compareBytes(a.migration, b.migration)),
    readAudit: async (target, after, limit) =>
      of(target)
        .events.filter(({ seq }) => seq > after)
        .slice(0, limit),
    latestRuns: async (target, limit) =>
      [...of(target).runs.values()]
        .map(({ record }) => record)
        .sort((a, b) => compareBytes(b.createdAt, a.createdAt))
        .slice(0, limit),

    async countStart({ id, ...run }) {
      const fresh = { ...run, id, state: 'QUEUED', starts: 0, faults: 0, applied: 0, notices: [] } as const
      const stored = of(run.target).runs.get(id) ?? { record: fresh }
      of(run.target).runs.set(id, stored)
      if (!isFinal(stored.record.state)) change(stored, { starts: stored.record.starts + 1 })
      return stored.record
    },
    async returnStart(target, run) {
      const stored = of(target).runs.get(run)
      if (stored !== undefined && stored.record.starts > 0) change(stored, { starts: stored.record.starts - 1 })
    },
    async countFault(target, run, { at, failure }) {
      const stored = mustHaveRun(of(target), run)
      if (isFinal(stored.record.state) || stored.lastFaultAt === at) return stored.record
      stored.lastFaultAt = at
      const { faults, firstFaultAt = at } = stored.record
      change(stored, { faults: faults + 1, firstFaultAt, failure })
      return stored.record
    },
    async finishRun(target, run, end, events) {
      const records = of(target)
      const stored = mustHaveRun(records, run)
      const ending = JSON.stringify({ end, events })
      if (isFinal(stored.record.state)) return stored.ending === ending
      append(records, target, events)
      stored.ending = ending
      finish(stored, end, clock.now())
      return true
    },

    acquire: async (claim) => {
      const { lock } = of(claim.target)
      return claimLease(of(claim.target), claim, lock === undefined || lock.lockState === 'FREE')
    },
    attach: async (claim) => {
      const { lock } = of(claim.target)
      return claimLease(of(claim.target), claim, lock?.lockState === 'PARKED' && lock.ownerRun === claim.run)
    },
    takeOver: async (claim) => {
      const { lock } = of(claim.target)
      const isClaimed = lock?.lockState === 'HELD' || lock?.lockState === 'PARKED'
      const isAsSeen = lock?.token === claim.seen.token && lock.revision === claim.seen.revision
      return claimLease(of(claim.target), claim, isClaimed && isAsSeen)
    },
    async heartbeat(lease, { raised, at, ...beat }) {
      const records = of(lease.target)
      const lock = heldBy(records, lease)
      if (lock === undefined) return 'lost'
      const { migration: _, ...rest } = lock
      const signs = { heartbeatAt: at, expiresHint: laterBy(at, lease.leaseMs) }
      records.lock = { ...rest, ...beat, ...signs, ...(raised && { raised: lease.token, attachedOnce: true }) }
      return 'kept'
    },
    park: async (lease, report, events) => leave(of(lease.target), lease, { state: 'PARKED', report, events }),
    yieldLease: async (lease, report, events) => leave(of(lease.target), lease, { state: 'QUEUED', report, events }),
    release: async (lease, end, events) => {
      const records = of(lease.target)
      const answer = leave(records, lease, { state: end.state, events, end })
      const stored = records.runs.get(lease.run)
      if (answer === 'done' && stored !== undefined && stored.record.finishedAt === undefined)
        finish(stored, end, clock.now())
      return answer
    },

    ...memoryOperator(of),

    async project({ target, seen, receipts, events, releases = [] }) {
      if (Math.max(receipts.length, events.length) > maxReceipts)
        throw new LockstepError('INTERNAL', 'too many receipts')
      const records = of(target)
      const { seq, hash } = chainEvents(target, seen, events).at(-1) ?? seen
      const head = { seq, hash, projected: receipts.map(copyOf).at(-1) ?? seen.projected }
      if (isDeepStrictEqual(records.chain, head)) return head
      if (!isDeepStrictEqual(records.chain, seen)) return 'moved'
      append(records, target, events)
      for (const entry of [...ledgerEntries(receipts), ...releases]) records.ledger.set(entry.migration, entry)
      records.chain = head
      return head
    },
  }
}

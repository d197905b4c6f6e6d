import type { LockRecord } from '../domain/records.ts'
import type { Instant, TargetName } from '../domain/types.ts'
import { type ArchivePorts, archiveChange } from './archive.ts'
import type { ControlStore } from './control-store.ts'
import type { ReconcileAnswer, ReconcileRequest } from './runner-contract.ts'
import type { Clock } from './system.ts'

/** Everything outside that watching touches; it has no way to the database but to ask the runner. */
export interface WatchPorts extends ArchivePorts {
  readonly control: Pick<ControlStore, 'readLock' | 'readRun' | 'readChain' | 'readAudit'>
  readonly askReconcile: (request: ReconcileRequest) => Promise<ReconcileAnswer>
  readonly clock: Pick<Clock, 'now'>
}

/** What a look at a target found; times of things that are not under way are 0. */
export interface Watched {
  /** How long nothing was heard of whoever holds the lease, or of the operator who takes it away. */
  readonly heartbeatAgeMs: number
  /** How long the run that holds the lease is under way, its pauses included. */
  readonly leaseAgeMs: number
  /** Age of the oldest event among the newest that the archive lacks. */
  readonly auditLagMs: number
}

/**
 * Looks at a target from outside: whether somebody still answers for its lease, and whether its audit events arrive where they are
 * kept. Reads only; the database is not asked.
 */
export async function watchTarget(ports: WatchPorts, target: TargetName): Promise<Watched> {
  const lock = await ports.control.readLock(target)
  const [leaseAgeMs, auditLagMs] = await Promise.all([leaseAge(ports, lock), auditLag(ports, target)])
  return { heartbeatAgeMs: heartbeatAge(ports, lock), leaseAgeMs, auditLagMs }
}

/**
 * Copies every audit event that the archive lacks: the table is the source, and the stream that usually brings them only the bell.
 * What is younger than the stream may take is left to it, or each run at that hour would look as if the stream had failed.
 *
 * @returns how many there were
 */
export async function copyMissingEvents(ports: WatchPorts, target: TargetName): Promise<number> {
  const { seq: last } = await ports.control.readChain(target)
  const kept = new Set(await ports.archive.seqs(target))
  let copied = 0
  for (let after = 0; after < last; ) {
    const missing = firstMissing(kept, after, last)
    if (missing === undefined) return copied
    const events = await ports.control.readAudit(target, missing - 1, pageOfEvents)
    for (const event of events.filter(({ seq, at }) => !kept.has(seq) && ageOf(ports, at) > streamMayTakeMs)) {
      await archiveChange(ports, { kind: 'added', event })
      copied += 1
    }
    after = events.at(-1)?.seq ?? last
  }
  return copied
}

const pageOfEvents = 100
const streamMayTakeMs = 300_000
/** A look stays small; how much more is missing than this, copying finds. */
const furthestLook = 50

const firstMissing = (kept: ReadonlySet<number>, after: number, last: number): number | undefined => {
  for (let seq = after + 1; seq <= last; seq++) if (!kept.has(seq)) return seq
  return undefined
}

/** FROZEN is as somebody wants it; FREEZING is an act that was not finished. */
const isUnderWay = (lock: LockRecord | undefined): lock is LockRecord =>
  lock?.lockState === 'HELD' || lock?.lockState === 'PARKED' || lock?.lockState === 'FREEZING'

const heartbeatAge = (ports: WatchPorts, lock: LockRecord | undefined): number =>
  isUnderWay(lock) ? ageOf(ports, lock.heartbeatAt) : 0

const leaseAge = async (ports: WatchPorts, lock: LockRecord | undefined): Promise<number> => {
  if (!isUnderWay(lock) || lock.ownerRun === undefined) return 0
  return ageOf(ports, (await ports.control.readRun(lock.target, lock.ownerRun))?.startedAt)
}

async function auditLag(ports: WatchPorts, target: TargetName): Promise<number> {
  const { control, archive } = ports
  const { seq: last } = await control.readChain(target)
  let missing: number | undefined
  for (let seq = last; seq > Math.max(0, last - furthestLook); seq--) {
    if (await archive.has(target, seq)) break
    missing = seq
  }
  if (missing === undefined) return 0
  const [oldest] = await control.readAudit(target, missing - 1, 1)
  return ageOf(ports, oldest?.at)
}

/** Clocks of two machines: an age is a figure for people, never a reason to do something. */
const ageOf = ({ clock }: WatchPorts, at: Instant | undefined): number =>
  at === undefined ? 0 : Math.max(0, Date.parse(clock.now()) - Date.parse(at))

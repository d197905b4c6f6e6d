import { LockstepError } from '../domain/errors.ts'
import type { Lease, LockRecord } from '../domain/records.ts'
import { laterBy, type TargetName, token } from '../domain/types.ts'
import type { ControlStore, LeaseAttempt, LeaseClaim } from '../engine/control-store.ts'
import { appendWith, type ControlTables, readChain } from './dynamodb-chain.ts'
import {
  lockIsFreeAsSeen,
  lockIsParkedByThisRun,
  lockIsUnchangedSinceSeen,
  runIsNotOver,
} from './dynamodb-conditions.ts'
import { updateOf } from './dynamodb-expressions.ts'
import type { Fields } from './dynamodb-fields.ts'
import { lockKey, runKey, toLock, toRun } from './dynamodb-items.ts'
import type { NamedWrite } from './dynamodb-requests.ts'

/** A lock that is free again and taken again between two looks, this often, is no lock that we would get. */
const mostRounds = 10

/** One way to get a lease: which LOCK items it accepts, and the same as the write's condition. */
interface ClaimRule {
  readonly accepts: (lock: LockRecord | undefined) => boolean
  readonly condition: string
}

/** The three claims: each is HELD with token + 1, or answers with the LOCK item that stands in the way. */
export const leaseClaims = (tables: ControlTables): Pick<ControlStore, 'acquire' | 'attach' | 'takeOver'> => ({
  acquire: (claim) =>
    claimLease(tables, claim, {
      accepts: (lock) => lock === undefined || lock.lockState === 'FREE',
      condition: lockIsFreeAsSeen,
    }),
  attach: (claim) =>
    claimLease(tables, claim, {
      accepts: (lock) => lock?.lockState === 'PARKED' && lock.ownerRun === claim.run,
      condition: lockIsParkedByThisRun,
    }),
  takeOver: (claim) =>
    claimLease(tables, claim, {
      accepts: (lock) => isClaimed(lock) && lock.token === claim.seen.token && lock.revision === claim.seen.revision,
      condition: lockIsUnchangedSinceSeen,
    }),
})

/** Reads a target's LOCK item. */
export async function readLock(
  { requests, controlTable }: ControlTables,
  target: TargetName,
): Promise<LockRecord | undefined> {
  const item = await requests.get(controlTable, lockKey(target))
  return item === undefined ? undefined : toLock(item)
}

/**
 * ```
 * read LOCK, CHAIN ──▶ mine already? granted (a lost answer had won)
 *       ▲              not acceptable? refused, with the holder
 *       │                    │
 *       └──LOCK moved──◀── transaction ──▶ granted
 * ```
 */
async function claimLease(tables: ControlTables, claim: LeaseClaim, rule: ClaimRule): Promise<LeaseAttempt> {
  const { target } = claim
  let [lock, seen] = await Promise.all([readLock(tables, target), readChain(tables, target)])
  for (let round = 1; round <= mostRounds; round++) {
    if (lock !== undefined && isMine(lock, claim)) return { granted: true, lease: leaseOf(claim, lock) }
    if (!rule.accepts(lock)) return { granted: false, holder: mustExist(lock, target) }
    const granted = token((lock?.token ?? 0) + 1)
    const events = claim.events.map((event) => ({ ...event, token: granted }))
    const writes = [lockWrite(tables, { claim, rule, lock, granted }), runWrite(tables, claim)]
    const refused = await appendWith(tables, { target, seen, events, writes })
    if (refused === undefined) return { granted: true, lease: leaseOf(claim, { ...lock, token: granted }) }
    if (!refused.has('lock')) throw refusalByRun(claim, refused.get('run'))
    const found = refused.get('lock')
    lock = found === undefined ? undefined : toLock(found)
    seen = await readChain(tables, target)
  }
  throw new LockstepError('AWS_UNREACHABLE', `the lock of ${target} changed hands ${mostRounds} times in a row`)
}

interface Grant {
  readonly claim: LeaseClaim
  readonly rule: ClaimRule
  readonly lock: LockRecord | undefined
  readonly granted: Lease['token']
}

/** `phase` and `migration` were the predecessor's; its `backend` is kept, since the new holder may have to end it. */
const lockWrite = ({ controlTable }: ControlTables, { claim, rule, lock, granted }: Grant): NamedWrite => ({
  name: 'lock',
  Update: updateOf(controlTable, {
    key: lockKey(claim.target),
    set: {
      lockState: 'HELD',
      token: granted,
      ownerRun: claim.run,
      worker: claim.worker,
      revision: claim.revision,
      leaseMs: claim.leaseMs,
      heartbeatAt: claim.at,
      expiresHint: laterBy(claim.at, claim.leaseMs),
      phase: undefined,
      migration: undefined,
    },
    setOnce: { attachedOnce: false },
    condition: rule.condition,
    values: { ':seenToken': lock?.token ?? 0, ':seenRevision': lock?.revision, ':run': claim.run },
  }),
})

const runWrite = ({ controlTable }: ControlTables, claim: LeaseClaim): NamedWrite => ({
  name: 'run',
  Update: updateOf(controlTable, {
    key: runKey(claim.target, claim.run),
    set: { state: 'RUNNING' },
    setOnce: { startedAt: claim.at },
    condition: runIsNotOver,
  }),
})

const isClaimed = (lock: LockRecord | undefined): lock is LockRecord =>
  lock?.lockState === 'HELD' || lock?.lockState === 'PARKED'

/** A worker's name is new with every claim, so a lock that has it was granted to this very claim. */
const isMine = (lock: LockRecord, { worker }: LeaseClaim): boolean =>
  lock.lockState === 'HELD' && lock.worker === worker

const leaseOf = (
  { target, run, worker, leaseMs }: LeaseClaim,
  { token, attachedOnce = false, raised }: Pick<LockRecord, 'token'> & Partial<LockRecord>,
): Lease => ({ target, run, worker, token, leaseMs, attachedOnce, ...(raised !== undefined && { raised }) })

/** Only a free lock may be absent; a parked or held one was seen before, and is never deleted. */
function mustExist(lock: LockRecord | undefined, target: TargetName): LockRecord {
  if (lock !== undefined) return lock
  throw new LockstepError('LEASE_LOST', `the lock of ${target} is gone: the control table was restored or emptied`)
}

function refusalByRun({ run }: LeaseClaim, item: Fields | undefined): LockstepError {
  if (item === undefined)
    return new LockstepError('INTERNAL', `run ${run} claims a lease, but its start was never counted`)
  return new LockstepError('LEASE_LOST', `run ${run} is over: ${toRun(item).state}`)
}

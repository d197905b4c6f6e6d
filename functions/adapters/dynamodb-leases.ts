import type { AuditDraft } from '../domain/audit.ts'
import type { Lease, RunEnd, RunState, SliceReport } from '../domain/records.ts'
import { type Instant, laterBy } from '../domain/types.ts'
import type { ControlStore, Heartbeat } from '../engine/control-store.ts'
import { appendWith, type ControlTables, readChain } from './dynamodb-chain.ts'
import { holderValues, leaseIsMine, runIsNotOver } from './dynamodb-conditions.ts'
import { putOf, updateOf } from './dynamodb-expressions.ts'
import { type Fields, isFields } from './dynamodb-fields.ts'
import { doneKey, lockKey, runKey } from './dynamodb-items.ts'
import type { NamedWrite } from './dynamodb-requests.ts'
import { endOf } from './dynamodb-runs.ts'

/** What a worker does with the lease it holds: shows that it lives, and lets go in one of three ways. */
export const heldLeases = (
  tables: ControlTables,
): Pick<ControlStore, 'heartbeat' | 'park' | 'yieldLease' | 'release'> => ({
  heartbeat: (lease, beat) => sendHeartbeat(tables, lease, beat),
  park: (lease, report, events) =>
    leave(tables, lease, { lock: { lockState: 'PARKED' }, state: 'PARKED', run: reported(report), events }),
  yieldLease: (lease, report, events) =>
    leave(tables, lease, { lock: free, state: 'QUEUED', run: reported(report), events }),
  release: (lease, end, events) => {
    const at = tables.clock.now()
    const { state, standing } = end
    const lock = standing === undefined ? free : { ...free, standing }
    return leave(tables, lease, { lock, state, run: endOf(end, at), events, done: doneBy(tables, lease, { end, at }) })
  },
})

/** The item that tells of a bundle's success; written anew by each run that had nothing left to do. */
function doneBy(
  { controlTable }: ControlTables,
  { target, run }: Lease,
  { end, at }: { readonly end: RunEnd; readonly at: Instant },
): readonly NamedWrite[] {
  const { state, bundle } = end
  if (state !== 'SUCCEEDED' || bundle === undefined) return []
  return [{ name: 'done', Put: putOf(controlTable, { ...doneKey(target, bundle), run, at }) }]
}

const reported = ({ applied, detached }: SliceReport): Fields => ({ applied, detached })

/** Who held a free lock is told by the audit events; its `backend` is kept, since a hung runner may keep its session. */
const free = {
  lockState: 'FREE',
  ownerRun: undefined,
  worker: undefined,
  heartbeatAt: undefined,
  expiresHint: undefined,
  phase: undefined,
  migration: undefined,
} as const

async function sendHeartbeat(tables: ControlTables, lease: Lease, beat: Heartbeat): Promise<'kept' | 'lost'> {
  const { revision, at, phase, migration, backend, raised } = beat
  const { written } = await tables.requests.update(tables.controlTable, {
    key: lockKey(lease.target),
    set: {
      revision,
      heartbeatAt: at,
      expiresHint: laterBy(at, lease.leaseMs),
      phase,
      migration,
      ...(backend !== undefined && { backend }),
      ...(raised && { raised: lease.token, attachedOnce: true }),
    },
    condition: leaseIsMine,
    values: holderValues(lease),
  })
  return written ? 'kept' : 'lost'
}

/** A way to let go: what becomes of LOCK and RUN, and the events that tell of it. */
interface Leaving {
  readonly lock: Fields
  readonly state: RunState
  readonly run: Fields
  readonly events: readonly AuditDraft[]
  readonly done?: readonly NamedWrite[]
}

/**
 * Lets go of a lease. A run that is over has no lease any more, whatever LOCK says: its end is final, and the next run takes the
 * lock over.
 */
async function leave(tables: ControlTables, lease: Lease, leaving: Leaving): Promise<'done' | 'lost'> {
  const { controlTable } = tables
  const { target, run, worker } = lease
  const { state } = leaving
  const lock = updateOf(controlTable, {
    key: lockKey(target),
    // A worker lets go once, so this revision is as new as a random one.
    set: { ...leaving.lock, revision: `${worker}.${state.toLowerCase()}` },
    condition: leaseIsMine,
    values: holderValues(lease),
  })
  const ofRun = updateOf(controlTable, {
    key: runKey(target, run),
    set: { ...leaving.run, state, left: { worker, state } },
    condition: runIsNotOver,
  })
  const refused = await appendWith(tables, {
    target,
    seen: await readChain(tables, target),
    events: leaving.events,
    writes: [{ name: 'lock', Update: lock }, { name: 'run', Update: ofRun }, ...(leaving.done ?? [])],
  })
  return refused === undefined || (await hasLeft(tables, lease, state)) ? 'done' : 'lost'
}

/** RUN remembers how its last worker let go, so that repeating it is answered as the first time, even when others came since. */
async function hasLeft({ requests, controlTable }: ControlTables, lease: Lease, state: RunState): Promise<boolean> {
  const item = await requests.get(controlTable, runKey(lease.target, lease.run))
  const left = item?.left
  return isFields(left) && left.worker === lease.worker && left.state === state
}

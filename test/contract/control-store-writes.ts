import { emptyChain } from '../../functions/domain/audit-chain.ts'
import { ledgerEntry } from '../../functions/domain/ledger.ts'
import type { ChainHead, Lease } from '../../functions/domain/records.ts'
import { revision, runId, type TargetName, token, workerId } from '../../functions/domain/types.ts'
import type { ControlStore, FreezeOrder, LeaseClaim, OperatorAct } from '../../functions/engine/control-store.ts'
import { at, claimOf, draftOf, endOf, eventOf, newRun, nothingYet, receiptOf } from '../support/control-records.ts'

/** One write of the port: what has to be there before, and the call. The same names every time, so that two stores can be compared. */
interface Write {
  given(store: ControlStore): Promise<unknown>
  act(store: ControlStore): Promise<unknown>
}

const id = runId('r-1')
const failure = { code: 'TARGET_UNREACHABLE', message: 'no route', hint: 'check' } as const

const claimBy = (target: TargetName, worker: string): LeaseClaim =>
  claimOf({ target, id }, { worker: workerId(worker), revision: revision(`${worker}-1`) })

const heldBy = (target: TargetName, worker: string): Lease => {
  const { run, leaseMs } = claimBy(target, worker)
  return { target, run, worker: workerId(worker), token: 1 as Lease['token'], leaseMs, attachedOnce: false }
}

const actOf = (target: TargetName, worker: string): OperatorAct => ({
  target,
  worker: workerId(worker),
  at: at(7),
  events: [draftOf(id, { type: 'lock.freed' })],
})

const freezeOf = (target: TargetName, worker: string): FreezeOrder => ({
  ...actOf(target, worker),
  seen: { token: token(1), revision: revision('w-1-1') },
  token: token(2),
  revision: revision(`${worker}-1`),
  leaseMs: 30_000,
  reason: 'ada: incident',
})

/** Every write of the port, each on a target of its own. */
export const writesOf = (target: TargetName) => {
  const started = (store: ControlStore) => store.countStart(newRun(target, { id }))
  const held = async (store: ControlStore) => {
    await started(store)
    await store.acquire(claimBy(target, 'w-1'))
  }
  const freezing = async (store: ControlStore) => {
    await held(store)
    await store.beginFreeze(freezeOf(target, 'op-1'))
  }
  /** The chain as the first try saw it; a repeated call has it from there. */
  let seenChain: ChainHead | undefined
  const chainBefore = async (store: ControlStore): Promise<ChainHead> => {
    seenChain ??= await store.readChain(target)
    return seenChain
  }
  const lease = heldBy(target, 'w-1')
  const events = [draftOf(id)]
  const receipts = [receiptOf(id, 1), receiptOf(id, 2)]
  const seen = { token: lease.token, revision: revision('w-1-1') }
  return {
    countStart: { given: started, act: (store) => store.countStart(newRun(target, { id })) },
    returnStart: {
      given: async (store) => {
        await started(store)
        await started(store)
      },
      act: (store) => store.returnStart(target, id),
    },
    countFault: { given: started, act: (store) => store.countFault(target, id, { at: at(3), failure }) },
    finishRun: { given: started, act: (store) => store.finishRun(target, id, endOf({ state: 'REFUSED' }), events) },
    acquire: { given: started, act: (store) => store.acquire(claimBy(target, 'w-1')) },
    attach: {
      given: async (store) => {
        await held(store)
        await store.park(lease, nothingYet, events)
      },
      act: (store) => store.attach(claimBy(target, 'w-2')),
    },
    takeOver: { given: held, act: (store) => store.takeOver({ ...claimBy(target, 'w-2'), seen }) },
    heartbeat: {
      given: held,
      act: (store) =>
        store.heartbeat(lease, { revision: revision('beat'), at: at(5), phase: 'APPLYING', raised: true }),
    },
    park: { given: held, act: (store) => store.park(lease, nothingYet, events) },
    yieldLease: { given: held, act: (store) => store.yieldLease(lease, nothingYet, events) },
    release: { given: held, act: (store) => store.release(lease, endOf({ applied: 2 }), events) },
    beginFreeze: { given: held, act: (store) => store.beginFreeze(freezeOf(target, 'op-1')) },
    endFreeze: {
      given: freezing,
      act: (store) => store.endFreeze({ ...actOf(target, 'op-1'), token: token(2), lockState: 'FROZEN' }),
    },
    thaw: {
      given: async (store) => {
        await freezing(store)
        await store.endFreeze({ ...actOf(target, 'op-1'), token: token(2), lockState: 'FROZEN' })
      },
      act: (store) => store.thaw({ ...actOf(target, 'op-2'), token: token(2) }),
    },
    acceptDatabase: {
      given: freezing,
      act: async (store) => {
        const seen = await chainBefore(store)
        return store.acceptDatabase({ ...actOf(target, 'op-1'), token: token(2), seen, projected: null })
      },
    },
    rewriteLedger: {
      given: freezing,
      act: async (store) => store.rewriteLedger(target, await store.readChain(target), receipts.map(ledgerEntry)),
    },
    project: {
      given: async () => {},
      act: (store) => store.project({ target, seen: emptyChain, receipts, events: receipts.map(eventOf) }),
    },
  } satisfies Record<string, Write>
}

export type WriteName = keyof ReturnType<typeof writesOf>

export const writeNames = [
  'countStart',
  'returnStart',
  'countFault',
  'finishRun',
  'acquire',
  'attach',
  'takeOver',
  'heartbeat',
  'park',
  'yieldLease',
  'release',
  'beginFreeze',
  'endFreeze',
  'thaw',
  'acceptDatabase',
  'rewriteLedger',
  'project',
] as const satisfies readonly WriteName[]

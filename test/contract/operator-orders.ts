import { randomUUID } from 'node:crypto'
import type { LockRecord } from '../../functions/domain/records.ts'
import { revision, runId, token, workerId } from '../../functions/domain/types.ts'
import type { FreezeOrder, OperatorAct } from '../../functions/engine/control-store.ts'
import { at, draftOf } from '../support/control-records.ts'

/** The id of every act here. */
export const act = runId('u-1')

/** A worker that no other act has. */
export const newWorker = () => workerId(randomUUID())

/** The order that takes a lock away as it was seen. */
export const freezeOrder = ({
  target,
  token: seen,
  revision: seenRevision,
}: Pick<LockRecord, 'target' | 'token' | 'revision'>): FreezeOrder => ({
  target,
  seen: { token: seen, revision: seenRevision },
  token: token(seen + 1),
  worker: newWorker(),
  revision: revision(randomUUID()),
  leaseMs: 30_000,
  reason: 'ada: incident',
  at: at(9),
  events: [draftOf(act, { type: 'lock.freezing', actor: 'ada', data: { reason: 'incident' } })],
})

/** An act that goes on from an order, or a new one. */
export const actOf = ({ target, worker }: Pick<OperatorAct, 'target' | 'worker'>): OperatorAct => ({
  target,
  worker,
  at: at(9),
  events: [draftOf(act, { type: 'lock.freed' })],
})

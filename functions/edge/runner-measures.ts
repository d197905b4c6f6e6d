import { driftCodes } from '../domain/drift.ts'
import type { Failure } from '../domain/errors.ts'
import type { ReconcileAnswer, RunnerAnswer } from '../engine/runner-contract.ts'
import type { Observation } from '../engine/system.ts'
import type { Measures } from './metrics.ts'

/** Reads from a slice's answer what no audit event tells, or tells too late. */
export const measuresOfSlice = (answer: RunnerAnswer): Measures => {
  switch (answer.kind) {
    case 'more':
      return { SlicesParked: 1 }
    case 'unreachable':
      return { InfrastructureFaults: 1 }
    case 'held':
      return {}
    case 'done':
      return measuresOfFailure(answer.failure)
  }
}

/** Reads from a reconcile's answer what it found. */
export const measuresOfReconcile = ({ copied, drift, invalidIndexes }: ReconcileAnswer): Measures => ({
  ReceiptsCopied: copied,
  Drift: drift === undefined ? 0 : 1,
  ...(drift === undefined && { InvalidIndexes: invalidIndexes.length }),
})

/** Behind a broken chain nothing can be told there, so this is the only sign of it. */
const measuresOfFailure = (failure: Failure | undefined): Measures => {
  if (failure === undefined) return {}
  if (failure.code === 'AUDIT_BROKEN') return { AuditBroken: 1 }
  return driftCodes.has(failure.code) ? { Drift: 1 } : {}
}

/** Makes metrics of what the engine observes. */
export const measuresOfObservation = (what: Observation, value: number): Measures => {
  switch (what) {
    case 'lease-waited':
      return { LeaseWait: value / 1000 }
    case 'heartbeat-failed':
      return { HeartbeatFailures: value }
    case 'overtaken':
      return { FenceRejections: value }
  }
}

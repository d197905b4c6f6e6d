import type { BundleObject, RollbackWish } from '../../functions/domain/records.ts'
import type { RunId, TargetName } from '../../functions/domain/types.ts'
import type { RunnerPorts } from '../../functions/engine/run-context.ts'
import type { Connection, Ending } from './crash-trap.ts'

export type Texts = Readonly<Record<string, string>>

/** What somebody does from outside, and carries to its end before the next act. */
export type Act =
  | { readonly kind: 'push'; readonly texts: Texts }
  /** Sees the plan and confirms it, by its digest; whoever gets no answer asks again with the same one. */
  | { readonly kind: 'roll-back'; readonly wish: RollbackWish }
  /** Lets everything that is held back be applied again. */
  | { readonly kind: 'release' }

export const push = (texts: Texts): Act => ({ kind: 'push', texts })
export const rollBack = (wish: RollbackWish): Act => ({ kind: 'roll-back', wish })
export const letGo: Act = { kind: 'release' }

/** What was done, one act after another, and how long an invocation of the runner's front may take. */
export interface Story {
  readonly name: string
  readonly acts: readonly Act[]
  readonly invocationMs: number
  /** How long an invocation of the operators' front may take; it watches its run for that long, less two seconds. */
  readonly operatorMs?: number
  /** A dead holder's lease has to run out within an invocation of the next. */
  readonly leaseMs?: number
}

/** One target with everything that a run touches, in memory or real. */
export interface CrashWorld extends AsyncDisposable {
  readonly target: TargetName
  readonly ports: RunnerPorts
  /** A message that is invisible for longer is delivered after this all the same; real time has better things to do. */
  readonly longestWaitMs: number
  upload(texts: Texts): Promise<BundleObject>
  /** Ends a database session as the death of its process does. */
  end(connection: Connection, how: Ending): void
  /** What is there in the end. @param runs in the order of the acts that made them */
  evidence(runs: readonly RunId[]): Promise<Evidence>
}

/** What is there when all is done: the same after any crash. */
export interface Evidence {
  /** The effects of the migrations' SQL, in order or in whichever way tells one effect from two. */
  readonly effects: readonly string[]
  readonly applied: readonly string[]
  readonly receipts: readonly string[]
  readonly progress: number
  readonly ledger: readonly string[]
  /** Events of which each stands in the chain exactly once. */
  readonly told: readonly string[]
  readonly runs: readonly string[]
  readonly chainIsIntact: boolean
  readonly tokensGrow: boolean
  readonly isAllProjected: boolean
  readonly lockState: string
  readonly sessions: number
}

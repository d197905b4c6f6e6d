import { isDeepStrictEqual } from 'node:util'
import type { AuditDraft } from '../domain/audit.ts'
import { type ChainPlace, chainEndsEarly, chainEvents, emptyChain } from '../domain/audit-chain.ts'
import { LockstepError } from '../domain/errors.ts'
import type { ChainHead } from '../domain/records.ts'
import type { TargetName } from '../domain/types.ts'
import type { Clock, Random } from '../engine/system.ts'
import { chainIsAsSeen, chainIsEmpty, chainValues, placeIsFree } from './dynamodb-conditions.ts'
import { putOf, updateOf } from './dynamodb-expressions.ts'
import { chainKey, eventItem, toChainHead } from './dynamodb-items.ts'
import type { NamedWrite, Refusals, Requests } from './dynamodb-requests.ts'

/** What the operations on the two tables work with. */
export interface ControlTables {
  readonly requests: Requests
  readonly controlTable: string
  readonly auditTable: string
  readonly clock: Pick<Clock, 'now' | 'sleep'>
  readonly random: Pick<Random, 'revision' | 'fraction'>
}

/** Each round that CHAIN refuses, somebody else's write got in: this many contenders can wait for one another. */
const mostRounds = 40
const longestPauseMs = 20

/** Reads a target's chain head; an absent one is the empty chain. */
export async function readChain({ requests, controlTable }: ControlTables, target: TargetName): Promise<ChainHead> {
  const item = await requests.get(controlTable, chainKey(target))
  return item === undefined ? emptyChain : toChainHead(item)
}

/** A transition's events and its other writes. */
interface Transition {
  readonly target: TargetName
  /** The chain as read before; when it has moved, it is read again. */
  readonly seen: ChainHead
  readonly events: readonly AuditDraft[]
  readonly writes: readonly NamedWrite[]
}

/**
 * Makes writes and appends the events that tell of them, in one transaction; undefined when it happened.
 *
 * A chain that moved is no refusal: it is read again, and the transaction tried again. What is returned is the refusal of the
 * other writes.
 *
 * @throws LockstepError AUDIT_BROKEN when an event lies beyond the chain's head
 */
export async function appendWith(tables: ControlTables, transition: Transition): Promise<Refusals | undefined> {
  const { target, events, writes } = transition
  let { seen } = transition
  for (let round = 1; round <= mostRounds; round++) {
    const chain = events.length === 0 ? [] : chainWrites(tables, { target, seen, next: seen, events }).writes
    const refused = await tables.requests.transact(tables.controlTable, [...writes, ...chain])
    if (refused === undefined || writes.some(({ name }) => refused.has(name))) return refused
    seen = await readMovedChain(tables, target, seen)
    await tables.clock.sleep(tables.random.fraction() * longestPauseMs)
  }
  throw new LockstepError('AWS_UNREACHABLE', `the audit chain of ${target} moved ${mostRounds} times in a row`)
}

interface ChainedOnce extends ChainMove {
  readonly writes: readonly NamedWrite[]
}

/**
 * Makes writes and moves the chain, in one transaction, only if the chain is as seen: for writes that were made from what it said.
 *
 * @returns undefined when it happened, else the refusals of the other writes; none where only the chain has moved
 * @throws LockstepError AUDIT_BROKEN when an event lies beyond where the chain goes on
 */
export async function appendOnce(
  tables: ControlTables,
  { writes, ...move }: ChainedOnce,
): Promise<Refusals | undefined> {
  const chain = chainWrites(tables, move).writes
  const refused = await tables.requests.transact(tables.controlTable, [...writes, ...chain])
  if (refused === undefined || writes.some(({ name }) => refused.has(name))) return refused
  await readMovedChain(tables, move.target, move.seen)
  return refused
}

/** Reads the chain after it refused a write. @throws LockstepError AUDIT_BROKEN when it has not moved */
export async function readMovedChain(tables: ControlTables, target: TargetName, seen: ChainHead): Promise<ChainHead> {
  const chain = await readChain(tables, target)
  if (!isDeepStrictEqual(chain, seen)) return chain
  throw chainEndsEarly(target, seen)
}

interface ChainMove {
  readonly target: TargetName
  readonly seen: ChainHead
  /** Carries `projected`; seq and hash come from the events. */
  readonly next: Pick<ChainHead, 'projected'>
  /** Where the events go on from, when that is not where the chain ends. */
  readonly end?: ChainPlace
  readonly events: readonly AuditDraft[]
}

/** The writes that append events: CHAIN moves if it is as seen, and no event may overwrite another. */
export function chainWrites(
  { controlTable, auditTable }: ControlTables,
  { target, seen, next, events, end = seen }: ChainMove,
): { readonly writes: readonly NamedWrite[]; readonly head: ChainHead } {
  const chained = chainEvents(target, end, events)
  const { seq, hash } = chained.at(-1) ?? end
  const head = { seq, hash, projected: next.projected }
  const isEmpty = isDeepStrictEqual(seen, emptyChain)
  const chain: NamedWrite = {
    name: 'chain',
    Update: updateOf(controlTable, {
      key: chainKey(target),
      set: head,
      condition: isEmpty ? chainIsEmpty : chainIsAsSeen,
      values: chainValues(seen),
    }),
  }
  const puts = chained.map(
    (event): NamedWrite => ({ name: 'event', Put: putOf(auditTable, eventItem(event), placeIsFree) }),
  )
  return { writes: [chain, ...puts], head }
}

import type { ChainHead, Lease } from '../domain/records.ts'

/**
 * The conditions that guard every write, as sentences. `#name` is the attribute of that name; `:name` is a value that the write
 * gives along, or one of `stateValues`.
 */

export const lockIsFreeAsSeen = `
  attribute_not_exists(#pk)
  or (#lockState = :free and #token = :seenToken)`

export const lockIsParkedByThisRun = `
  #lockState = :parked
  and #ownerRun = :run
  and #token = :seenToken`

/** The same revision for a whole lease means that nobody wrote: the holder is dead, or as good as dead. */
export const lockIsUnchangedSinceSeen = `
  #lockState in (:held, :parked)
  and #revision = :seenRevision
  and #token = :seenToken`

export const leaseIsMine = `
  #lockState = :held
  and #worker = :me
  and #token = :mine`

/** In any state: what a run holds, an operator may take. */
export const lockIsAsSeen = `
  #token = :seenToken
  and #revision = :seenRevision`

export const lockIsAbsent = 'attribute_not_exists(#pk)'

export const lockIsFreezingByThisAct = `
  #lockState = :freezing
  and #worker = :me
  and #token = :mine`

export const lockIsFrozenAsSeen = `
  #lockState = :frozen
  and #token = :seenToken`

/** `finishedAt` is there in final states alone. */
export const runIsNotOver = `
  attribute_exists(#pk)
  and attribute_not_exists(#finishedAt)`

export const runIsNewOrNotOver = 'attribute_not_exists(#finishedAt)'

export const someStartIsCounted = '#starts > :none'

/** Each count has a name, so that repeating one whose answer was lost does not count again. */
export const isNotCountedYet = `
  (attribute_not_exists(#counted) or #counted <> :count)`

export const faultIsNotCountedYet = `
  (attribute_not_exists(#lastFaultAt) or #lastFaultAt <> :at)`

export const chainIsEmpty = 'attribute_not_exists(#pk)'

export const chainIsAsSeen = `
  #seq = :seenSeq
  and #hash = :seenHash
  and #projected = :seenProjected`

export const placeIsFree = 'attribute_not_exists(#pk)'

export const stateValues = {
  ':free': 'FREE',
  ':held': 'HELD',
  ':parked': 'PARKED',
  ':freezing': 'FREEZING',
  ':frozen': 'FROZEN',
  ':none': 0,
} as const

/** The values of `leaseIsMine`. */
export const holderValues = (lease: Lease) => ({ ':me': lease.worker, ':mine': lease.token })

/** The values of `chainIsAsSeen`. */
export const chainValues = (seen: ChainHead) => ({
  ':seenSeq': seen.seq,
  ':seenHash': seen.hash,
  ':seenProjected': seen.projected,
})

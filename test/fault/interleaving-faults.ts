import type { Choices } from '../support/seeded-choices.ts'

/** What may happen at a port call; each call is drawn for. */
export type Fault =
  /** The process stops before its request leaves, or before it sees the answer. */
  | 'pause-before'
  | 'pause-after'
  /** The caller gets AWS_UNREACHABLE or TARGET_UNREACHABLE; nothing, or everything, took effect. */
  | 'request-lost'
  | 'answer-lost'
  /** The port itself repeats a write whose answer was lost; others may have written in between. */
  | 'repeated'
  | 'crash-before'
  | 'crash-after'
  /** The holder of the advisory lock loses it without noticing, for good or until nobody else has it. */
  | 'lock-lost'
  | 'message-repeated'
  | 'snapshot'
  | 'target-restored'
  | 'control-restored'
  /** The application writes into a table, or empties it. */
  | 'rows-moved'

const weights: Readonly<Record<Fault, number>> = {
  'pause-before': 4,
  'pause-after': 3,
  'request-lost': 2,
  'answer-lost': 4,
  repeated: 2,
  'crash-before': 2,
  'crash-after': 3,
  'lock-lost': 4,
  'message-repeated': 2,
  snapshot: 2,
  'target-restored': 1,
  'control-restored': 1,
  'rows-moved': 2,
}

/** Most seeds do without restores, after which much is refused. */
const isRare = (fault: Fault): boolean => fault === 'target-restored' || fault === 'control-restored'

export interface Faults {
  /** What happens at this call, if anything does. */
  draw(): Fault | undefined
  /** How long a pause is: from a moment to many leases. */
  pauseMs(): number
  /** From now on nothing happens any more. */
  end(): void
}

/**
 * Decides for a seed which faults it knows, how often they happen and how many in all: so that some seeds are full of one kind, and
 * every world comes to rest.
 */
export function seededFaults(choices: Choices, without: ReadonlySet<string>): Faults {
  const known = (Object.keys(weights) as Fault[]).filter((fault) => {
    const isKnown = choices.chance(isRare(fault) ? 0.2 : 0.65)
    return isKnown && !without.has(fault)
  })
  const lots = known.flatMap((fault) => Array<Fault>(weights[fault]).fill(fault))
  const rate = choices.between(0.005, 0.08)
  let left = Math.floor(choices.between(2, 25))
  return {
    draw() {
      if (left === 0 || lots.length === 0 || !choices.chance(rate)) return undefined
      left -= 1
      return choices.pick(lots)
    },
    pauseMs: () => {
      const [low, high] = choices.pick([
        [0, 3_000],
        [10_000, 60_000],
        [60_000, 400_000],
      ] as const)
      return choices.between(low, high)
    },
    end: () => {
      left = 0
    },
  }
}

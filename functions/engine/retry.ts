import type { Random } from './system.ts'

const firstBackoffMs = 100
const longestBackoffMs = 5_000

/**
 * Computes how long to wait before the next attempt: full jitter over an exponentially growing, bounded span.
 *
 * @param attempt the attempt that failed, from 1
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export const backoffMs = (attempt: number, random: Pick<Random, 'fraction'>): number =>
  Math.min(longestBackoffMs, firstBackoffMs * 2 ** (attempt - 1)) * random.fraction()

import { revision, workerId } from '../../functions/domain/types.ts'
import type { Random } from '../../functions/engine/system.ts'

/** Ids that count upwards, and fractions of a small linear congruential generator: the same run gives the same names. */
export function countingRandom(seed = 1): Random {
  let count = 0
  let state = seed
  return {
    workerId: () => workerId(`worker-${++count}`),
    revision: () => revision(`revision-${++count}`),
    fraction: () => {
      state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
      return state / 2 ** 32
    },
  }
}

import { describe, expect, test } from 'vitest'
import { makePushables } from './interleaving-bundles.ts'
import { simulate } from './interleaving-simulation.ts'

const { LOCKSTEP_SEED, LOCKSTEP_SEEDS = '500', LOCKSTEP_WITHOUT = '' } = process.env
const seeds =
  LOCKSTEP_SEED === undefined
    ? Array.from({ length: Number(LOCKSTEP_SEEDS) }, (_, index) => index + 1)
    : [Number(LOCKSTEP_SEED)]
const without = new Set(LOCKSTEP_WITHOUT.split(',').filter(Boolean))
const msPerSeed = 2_000
/** Seeds of one test, so that the report of many thousand stays readable. */
const batchSize = 100

const pushables = await makePushables()

const replay = (seed: number): string => {
  const setting = without.size === 0 ? '' : `LOCKSTEP_WITHOUT=${LOCKSTEP_WITHOUT} `
  return `${setting}LOCKSTEP_SEED=${seed} npx vitest run --project fault test/fault/interleaving.test.ts`
}

const batches = Array.from({ length: Math.ceil(seeds.length / batchSize) }, (_, index) =>
  seeds.slice(index * batchSize, (index + 1) * batchSize),
)

describe('interleavings', () => {
  test.each(batches.map((batch) => [batch[0], batch.at(-1), batch] as const))(
    'given runners that compete and fail as seeds %d to %d say, when the world is at rest, then each migration committed once, in order',
    async (_first, _last, batch) => {
      for (const seed of batch) {
        const { broken, trace } = await simulate({ seed, pushables, without })
        if (broken === undefined) continue
        expect.fail(`seed ${seed}: ${broken}\nreplay: ${replay(seed)}\n\n${trace.join('\n')}`)
      }
    },
    batchSize * msPerSeed,
  )

  test('given a seed, when it is played twice, then the same happens', async () => {
    const play = () => simulate({ seed: seeds[0] ?? 1, pushables, without })
    expect((await play()).trace).toEqual((await play()).trace)
  })
})

import { afterAll, describe, expect, test } from 'vitest'
import { crashAt, type MakeWorld, makeMatrix, readPoint } from '../support/crash-matrix.ts'
import { memoryCrashWorld } from '../support/crash-memory.ts'
import { rollbackStories } from '../support/crash-rollback-stories.ts'
import { memoryStories } from '../support/crash-stories.ts'

const only = process.env.LOCKSTEP_CRASH === undefined ? undefined : readPoint(process.env.LOCKSTEP_CRASH)
const makeWorld: MakeWorld = async (story) => memoryCrashWorld(story)
let tried = 0

describe('a call that goes wrong, in memory', () => {
  test.for([...memoryStories, ...rollbackStories].filter(({ name }) => only === undefined || only.story === name))(
    'given history $name, when any call goes wrong, then what is left is what an uninterrupted run leaves',
    { timeout: 300_000 },
    async (story) => {
      const matrix = await makeMatrix(makeWorld, story)
      const points = only === undefined ? matrix.points : [only]
      const faults: string[] = []
      for (const point of points) {
        const { hasFired, fault } = await crashAt(makeWorld, matrix, point)
        if (!hasFired) faults.push(`${point.call} was never made`)
        if (fault !== undefined) faults.push(fault)
      }
      tried += points.length
      expect(faults.slice(0, 10), `${faults.length} of ${points.length} points`).toEqual([])
    },
  )

  afterAll(() => {
    if (only === undefined) expect(tried).toBeGreaterThan(1_000)
  })
})

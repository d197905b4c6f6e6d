import { expect, test } from 'vitest'
import { crashAt, makeMatrix, type Outcome, partOf, readPoint } from '../support/crash-matrix.ts'
import { realPlace } from '../support/crash-real.ts'
import { realRollbackStory } from '../support/crash-real-rollback.ts'
import { realStory } from '../support/crash-real-story.ts'
import { makeTables } from '../support/dynamodb.ts'

const only = process.env.LOCKSTEP_CRASH === undefined ? undefined : readPoint(process.env.LOCKSTEP_CRASH)
/** Points are told side by side, each on a database of its own: most of a point's time is the wait for a dead holder's lease. */
const places = 8
/** What depends on the real clock (heartbeats, polls, batches) may come once less often than in the first telling. */
const mostNeverMade = 0.1
/** How many of the eight ways in which a call goes wrong are tried in each run: all with LOCKSTEP_CRASH_PARTS=1. */
const partsOr = (usual: number): number => Number(process.env.LOCKSTEP_CRASH_PARTS ?? usual)
/** For all the points of a story, on a machine that is busy with other things. */
const wholeMs = 3_000_000

const stories = [
  { title: 'a mixed history', story: realStory, parts: partsOr(3) },
  // Its way up is in the other's: one way in which each call goes wrong is enough for every day.
  { title: 'a history that is taken back', story: realRollbackStory, parts: partsOr(8) },
]

test.for(stories.filter(({ story }) => only === undefined || only.story === story.name))(
  'given $title on PostgreSQL and DynamoDB, when any call goes wrong, then what is left is what an uninterrupted run leaves',
  { timeout: wholeMs },
  async ({ story, parts }) => {
    await using tables = await makeTables()
    const first = await realPlace(tables)
    const matrix = await makeMatrix(first.makeWorld, story)
    await first[Symbol.asyncDispose]()
    const points = only === undefined ? [...partOf(matrix.points, 0, parts)] : [only]
    const total = points.length
    const outcomes: Outcome[] = []
    const work = async (): Promise<void> => {
      await using place = await realPlace(tables)
      for (let point = points.shift(); point !== undefined; point = points.shift())
        outcomes.push(await crashAt(place.makeWorld, matrix, point))
    }
    await Promise.all(Array.from({ length: Math.min(places, total) }, work))
    const faults = outcomes.flatMap(({ fault }) => fault ?? [])
    const neverMade = outcomes.filter(({ hasFired }) => !hasFired).length
    expect(faults.slice(0, 10), `${faults.length} of ${total} points`).toEqual([])
    expect(neverMade).toBeLessThanOrEqual(total * mostNeverMade)
  },
)

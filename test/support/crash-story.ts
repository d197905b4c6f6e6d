import { isDeepStrictEqual } from 'node:util'
import { runIdOf } from '../../functions/domain/bundle-key.ts'
import type { RunId } from '../../functions/domain/types.ts'
import { confirmWish, releaseAll } from './crash-operator.ts'
import type { Telling } from './crash-process.ts'
import { type StoryQueue, storyQueue } from './crash-queue.ts'
import { type CrashPoint, type SeenCall, setTrap } from './crash-trap.ts'
import type { Act, CrashWorld, Evidence, Story, Texts } from './crash-world.ts'

export interface Told {
  readonly evidence: Evidence
  readonly calls: readonly SeenCall[]
  readonly hasFired: boolean
}

/** Tells a story from its first act to the end of its last run, with one call that goes wrong, or none. */
export async function tell(world: CrashWorld, story: Story, point?: CrashPoint): Promise<Told> {
  const trap = setTrap(point, world.end)
  const telling: Telling = { world, story, trap, running: [] }
  const queue = storyQueue(telling)
  const runs: RunId[] = []
  for (const act of story.acts) runs.push(...(await perform(telling, queue, act)))
  await Promise.allSettled(telling.running)
  return { evidence: await world.evidence(runs), calls: trap.calls, hasFired: trap.hasFired() }
}

/** Says where two evidences differ; undefined when nowhere. */
export const difference = (got: Evidence, expected: Evidence): string | undefined => {
  if (isDeepStrictEqual(got, expected)) return undefined
  const keys = Object.keys(expected) as (keyof Evidence)[]
  return keys
    .filter((key) => !isDeepStrictEqual(got[key], expected[key]))
    .map((key) => `${key}: got ${JSON.stringify(got[key])}, expected ${JSON.stringify(expected[key])}`)
    .join('\n    ')
}

/** @returns the run that the act made, if it made one */
async function perform(telling: Telling, queue: StoryQueue, act: Act): Promise<readonly RunId[]> {
  switch (act.kind) {
    case 'push':
      return [await push(telling, queue, act.texts)]
    case 'roll-back':
      return [await confirmWish(telling, queue, act.wish)]
    case 'release':
      await releaseAll(telling, queue)
      return []
  }
}

async function push({ world }: Telling, queue: StoryQueue, texts: Texts): Promise<RunId> {
  const object = await world.upload(texts)
  queue.put(object)
  await queue.empty()
  return runIdOf(object)
}

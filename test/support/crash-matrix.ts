import { difference, tell } from './crash-story.ts'
import { type CrashKind, type CrashPoint, crashKinds, type SeenCall } from './crash-trap.ts'
import type { CrashWorld, Evidence, Story } from './crash-world.ts'

/** What an uninterrupted run leaves, and every way in which one of its calls can go wrong. */
export interface Matrix {
  readonly story: Story
  readonly expected: Evidence
  readonly points: readonly CrashPoint[]
}

export type MakeWorld = (story: Story) => Promise<CrashWorld>

/** Tells a story once without a fault, and enumerates what can go wrong in it. */
export async function makeMatrix(makeWorld: MakeWorld, story: Story): Promise<Matrix> {
  await using world = await makeWorld(story)
  const { evidence, calls } = await tell(world, story)
  return { story, expected: evidence, points: calls.flatMap(pointsOf) }
}

/** Takes a part of the points, a different one of each call: all calls are in each part, all points in all parts together. */
export const partOf = (points: readonly CrashPoint[], part: number, parts: number): readonly CrashPoint[] => {
  const calls = [...new Set(points.map(({ call }) => call))]
  return points.filter(({ call, kind }) => (calls.indexOf(call) + crashKinds.indexOf(kind)) % parts === part)
}

/** What came of a point: whether its call was made at all, and what differs in the end, with the command that replays it. */
export interface Outcome {
  readonly hasFired: boolean
  readonly fault?: string
}

/** Tells the story with one thing going wrong. */
export async function crashAt(makeWorld: MakeWorld, { story, expected }: Matrix, point: CrashPoint): Promise<Outcome> {
  await using world = await makeWorld(story)
  const replay = `LOCKSTEP_CRASH='${story.name}:${point.call}:${point.kind}' npx vitest run --project fault test/fault/crash`
  try {
    const { evidence, hasFired } = await tell(world, story, point)
    const differs = difference(evidence, expected)
    return { hasFired, ...(differs && { fault: `${replay}\n    ${differs}` }) }
  } catch (thrown) {
    return { hasFired: true, fault: `${replay}\n    ${thrown instanceof Error ? thrown.message : thrown}` }
  }
}

/** Reads `story:port.method#k:kind`, which names one point. */
export const readPoint = (named: string): CrashPoint & { readonly story: string } => {
  const [, story, call, kind] = /^([^:]+):([^:]+):([^:]+)$/.exec(named) ?? []
  const isKind = (text: string | undefined): text is CrashKind => crashKinds.some((known) => known === text)
  if (story !== undefined && call !== undefined && isKind(kind)) return { story, call, kind }
  throw new Error(`LOCKSTEP_CRASH is ${named}, expected story:port.method#k:kind, kind one of ${crashKinds.join(', ')}`)
}

const pointsOf = (seen: SeenCall): CrashPoint[] =>
  crashKinds.filter((kind) => isPossible(kind, seen)).map((kind) => ({ call: seen.call, kind }))

const isPossible = (kind: CrashKind, { mayFail, lasts, withConnection }: SeenCall): boolean => {
  if (kind === 'lost' || kind === 'unsent') return mayFail
  if (kind.startsWith('during') && !lasts) return false
  return withConnection || !kind.endsWith('-reset')
}

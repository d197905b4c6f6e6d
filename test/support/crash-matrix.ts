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

/** Tells the story with one thing going wrong; returns what differs in the end and what replays it, undefined when nothing does. */
export async function crashAt(
  makeWorld: MakeWorld,
  { story, expected }: Matrix,
  point: CrashPoint,
): Promise<string | undefined> {
  await using world = await makeWorld(story)
  const replay = `LOCKSTEP_CRASH='${story.name}:${point.call}:${point.kind}' npx vitest run --project fault test/fault/crash`
  try {
    const { evidence, hasFired } = await tell(world, story, point)
    const differs = hasFired ? difference(evidence, expected) : 'the call was never made'
    return differs && `${replay}\n    ${differs}`
  } catch (thrown) {
    return `${replay}\n    ${thrown instanceof Error ? thrown.message : thrown}`
  }
}

/** Reads `story:port.method#k:kind`, which names one point. */
export const readPoint = (named: string): CrashPoint & { readonly story: string } => {
  const [, story, call, kind] = /^([^:]+):([^:]+):([^:]+)$/.exec(named) ?? []
  const isKind = (text: string | undefined): text is CrashKind => crashKinds.some((known) => known === text)
  if (story !== undefined && call !== undefined && isKind(kind)) return { story, call, kind }
  throw new Error(`LOCKSTEP_CRASH is ${named}, expected story:port.method#k:kind, kind one of ${crashKinds.join(', ')}`)
}

const pointsOf = ({ call, mayFail, withConnection }: SeenCall): CrashPoint[] =>
  crashKinds.filter((kind) => isPossible(kind, mayFail, withConnection)).map((kind) => ({ call, kind }))

const isPossible = (kind: CrashKind, mayFail: boolean, withConnection: boolean): boolean => {
  if (kind === 'lost' || kind === 'unsent') return mayFail
  return withConnection || !kind.endsWith('-reset')
}

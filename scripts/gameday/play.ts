import { alarmTable } from '../../functions/edge/alarm-table.ts'
import { highest, metricName, type Reading, readMetrics } from './readings.ts'
import type { Sampler } from './sampler.ts'
import type { Scene } from './scene.ts'
import { scenesOfDeaths } from './scenes-of-deaths.ts'
import { scenesOfProof } from './scenes-of-proof.ts'
import { scenesOfRuns } from './scenes-of-runs.ts'
import { type Stage, sceneTarget } from './stage.ts'

/** What a game day showed of one alarm. */
export interface Shown {
  readonly alarm: string
  readonly condition: string
  readonly metric: string
  /** Absent when nothing was measured. */
  readonly value?: number
  readonly threshold: number
  readonly crossed: boolean
}

/** What all of a game day showed. */
export interface GamedayReport {
  readonly shown: readonly Shown[]
  /** Alarms that a good run alone set off. */
  readonly noisy: readonly string[]
  /** What kept a scene from being played to its end. */
  readonly troubles: readonly string[]
}

interface Play {
  readonly stage: Stage
  readonly sampler: Sampler
  readonly tell: (text: string) => void
  /** The alarms to show; all unless given. */
  readonly only?: readonly string[]
}

/** Every scene, those that end processes first. */
export const allScenes: readonly Scene[] = [...scenesOfDeaths, ...scenesOfProof, ...scenesOfRuns]
/** Two cores have enough to do with four scenes at the same time. */
const atOnce = 4

/**
 * Plays the scenes of a game day: first a good run, which may set nothing off; then those that end processes, one after the other; then
 * the others side by side. Each alarm's metric is read where CloudWatch reads it, and compared with the alarm's own threshold.
 */
export async function playGameday(play: Play): Promise<GamedayReport> {
  const rows = alarmTable.filter(({ id }) => play.only?.includes(id) ?? true)
  const noisy = await afterGoodRun(play)
  const scenes = allScenes.filter(({ conditions }) => rows.some(({ id }) => id in conditions))
  const troubles: string[] = []
  const perform = async (scene: Scene): Promise<void> => {
    play.tell(Object.values(scene.conditions).join('; '))
    await scene
      .play(play.stage)
      .catch((thrown: unknown) => troubles.push(`${Object.keys(scene.conditions)}: ${thrown}`))
  }
  for (const scene of scenes.filter(({ place }) => place === 'alone')) await perform(scene)
  const others = scenes.filter(({ place }) => place === 'beside others')[Symbol.iterator]()
  const hand = async (): Promise<void> => {
    for (const scene of others) await perform(scene)
  }
  await Promise.all(Array.from({ length: atOnce }, hand))

  play.tell('waiting for the last metrics')
  const show = async () => rows.map((row) => showRow(row, conditionOf(scenes, row.id), measured))
  let measured = await readAll(play)
  await play.stage
    .until('all metrics', async () => {
      measured = await readAll(play)
      return (await show()).every(({ crossed }) => crossed) ? true : undefined
    })
    .catch((thrown: unknown) => troubles.push(String(thrown)))
  return { shown: await show(), noisy, troubles }
}

const afterGoodRun = async (play: Play): Promise<readonly string[]> => {
  const { stage, tell } = play
  tell('a good run, which sets nothing off')
  const target = sceneTarget('good')
  const run = await stage.push(target, { '1_a/migration.sql': 'create table a (id int);' })
  await stage.ended(target, run)
  await stage.watch('look', target)
  await stage.watch('reconcile', target)
  await stage.until('its metrics', async () => (await readAll(play)).find(({ metric }) => metric === 'RunsSucceeded'))
  const readings = await readAll(play)
  return alarmTable.filter((row) => (highest(row, readings) ?? 0) >= row.threshold).map(({ id }) => id)
}

const readAll = async ({ stage, sampler }: Play): Promise<readonly Reading[]> => [
  ...(await readMetrics(stage.cloud.logDir)),
  ...sampler.readings(),
]

const conditionOf = (scenes: readonly Scene[], id: string): string =>
  scenes.flatMap(({ conditions }) => conditions[id] ?? [])[0] ?? 'no scene makes it happen'

const showRow = (row: (typeof alarmTable)[number], condition: string, readings: readonly Reading[]): Shown => {
  const value = highest(row, readings)
  const { id: alarm, threshold } = row
  const crossed = value !== undefined && value >= threshold
  return { alarm, condition, metric: metricName(row), threshold, crossed, ...(value !== undefined && { value }) }
}

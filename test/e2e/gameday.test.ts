import { chmod, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { alarmTable } from '../../functions/edge/alarm-table.ts'
import { startGamedayCloud } from '../../scripts/gameday/gameday-cloud.ts'
import { allScenes, playGameday } from '../../scripts/gameday/play.ts'

/** One of each kind of source, from each function that measures; `npm run test:gameday` plays all. */
const some = [
  'run-failed',
  'run-refused',
  'audit-lag',
  'audit-gap',
  'audit-failures',
  'drift',
  'invalid-indexes',
  'break-glass',
]

test('given a cloud of its own, when some scenes of a game day are played, then their metrics cross, and a good run set nothing off', async () => {
  const stateDir = await mkdtemp(join(tmpdir(), 'lockstep-gameday-'))
  await chmod(stateDir, 0o755)
  const signal = AbortSignal.timeout(150_000)
  await using cloud = await startGamedayCloud({ stateDir, signal, onProgress: () => undefined })
  const { shown, noisy, troubles } = await playGameday({ ...cloud, tell: () => undefined, only: some })
  expect({ noisy, troubles }).toEqual({ noisy: [], troubles: [] })
  expect(shown.filter(({ crossed }) => !crossed)).toEqual([])
  expect(shown.map(({ alarm }) => alarm).toSorted()).toEqual(some.toSorted())
}, 240_000)

test('given the table of alarms, when the scenes are read, then one makes each condition happen', () => {
  const made = allScenes.flatMap(({ conditions }) => Object.keys(conditions))
  expect(made.toSorted()).toEqual(alarmTable.map(({ id }) => id).toSorted())
})

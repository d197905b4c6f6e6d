import { lockKey } from '../../functions/adapters/dynamodb-items.ts'
import { isFinal } from '../../functions/domain/records.ts'
import { controlTableName, lambdaName } from '../local/names.ts'
import type { Scene } from './scene.ts'
import { ago, type Stage, sceneTarget } from './stage.ts'

const tenMinutesMs = 600_000

const busyRunners = ({ cloud }: Stage): readonly number[] =>
  cloud
    .functionProcesses()
    .filter(({ name, busy }) => name === lambdaName('runner') && busy)
    .map(({ pid }) => pid)

const zombie: Scene = {
  place: 'alone',
  conditions: {
    'heartbeat-lost': 'a runner is stopped in mid-run; its last heartbeat is set back by 10 minutes',
    'take-over': 'another run comes, and waits a lease for the one that is stopped',
    'fence-rejection': 'the stopped one goes on after it was overtaken',
  },
  async play(stage) {
    const { push, ended, set, watch, until, connection } = stage
    const target = sceneTarget('zombie')
    const names = ['1_a', '2_b', '3_c', '4_d']
    const history = Object.fromEntries(
      names.map((name) => [`${name}/migration.sql`, `select pg_sleep(0.7); create table t_${name} (id int);`]),
    )
    const first = await push(target, history)
    await until('a migration is applied', async () => {
      const answer = await connection.status({ target, ledgerAfter: '' }).catch(() => undefined)
      return answer !== undefined && answer.ledger.length > 0 ? true : undefined
    })
    const stopped = busyRunners(stage)
    for (const pid of stopped) process.kill(pid, 'SIGSTOP')
    await set(controlTableName, lockKey(target), ['heartbeatAt'], ago(tenMinutesMs))
    await watch('look', target)
    await ended(target, await push(target, history))
    for (const pid of stopped) process.kill(pid, 'SIGCONT')
    await ended(target, first)
  },
}

const crash: Scene = {
  place: 'alone',
  conditions: {
    'run-crashed': 'a runner is killed whenever it begins, until its run is given up',
    'function-errors': 'each of its deaths',
    'dead-letters': 'the message of that run is set aside',
  },
  async play(stage) {
    const { push, until, connection } = stage
    const target = sceneTarget('crashed')
    const run = await push(target, { '1_a/migration.sql': 'select pg_sleep(300);' })
    await until('the run is given up', async () => {
      for (const pid of busyRunners(stage)) process.kill(pid, 'SIGKILL')
      const [found] = (await connection.status({ target, run }).catch(() => undefined))?.runs ?? []
      return found !== undefined && isFinal(found.state) ? true : undefined
    })
  },
}

const throttled: Scene = {
  place: 'alone',
  conditions: { 'function-throttles': 'the runner’s concurrency is 0, and a bundle comes' },
  async play({ cloud, push, until, ended }) {
    const target = sceneTarget('throttled')
    cloud.setConcurrency('runner', 'none')
    const run = await push(target, { '1_a/migration.sql': 'select 1;' })
    await until('the runner was asked for', async () => (cloud.functionCounts().throttles > 0 ? true : undefined))
    cloud.setConcurrency('runner', 'any')
    await ended(target, run)
  },
}

/** Scenes in which functions die, stop, or may not begin. */
export const scenesOfDeaths: readonly Scene[] = [zombie, crash, throttled]

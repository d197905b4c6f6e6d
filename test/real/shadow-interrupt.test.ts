import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { bin, folderWith } from '../support/command-line.ts'
import { eventually } from '../support/eventually.ts'
import { asSuperuser } from '../support/postgres.ts'

/** Backends that run the migration of this test, in whichever scratch database. */
const sleepers = (mark: string): Promise<readonly { datname: string }[]> =>
  asSuperuser(async (client) => {
    const text = 'select datname from pg_stat_activity where query like $1 and pid <> pg_backend_pid()'
    return (await client.query<{ datname: string }>(text, [`%${mark}%`])).rows
  })

test('given a migration that goes on and on, when Ctrl-C is pressed, then certify ends and its database is gone', async () => {
  const mark = `interrupted ${process.pid}`
  const cwd = folderWith({ 'm/1_a.sql': `select pg_sleep(600) as "${mark}";`, 'm/1_a.down.sql': 'select 1;' })
  const args = [bin, 'certify', 'm', '--shadow-url', process.env.DATABASE_URL ?? '']
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  let sleeping: readonly { datname: string }[] = []
  await eventually(async () => {
    sleeping = await sleepers(mark)
    return sleeping.length === 1
  })
  const ended = once(child, 'exit')
  child.kill('SIGINT')
  expect((await ended)[0]).toBe(130)
  expect(stderr).toContain('error INTERRUPTED: ')
  const left = await asSuperuser((client) =>
    client.query('select from pg_database where datname = $1', [sleeping[0]?.datname]),
  )
  expect(left.rowCount).toBe(0)
})

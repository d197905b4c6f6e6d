import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folderWith, lockstep } from '../support/command-line.ts'

describe('new', () => {
  test.each([
    ['add invoice due date', 'add_invoice_due_date'],
    ['AddHTTPHeader', 'add_http_header'],
    ['  Größe & Maß!  ', 'gro_e_ma'],
    ['user2FA', 'user2_fa'],
    ['../../etc/passwd', 'etc_passwd'],
  ])('given the name "%s", when a migration is begun, then its folder ends in %s', async (name, ending) => {
    const cwd = folderWith()
    const { code } = await lockstep(['new', name], { cwd })
    const [folder = ''] = readdirSync(join(cwd, 'migrations'))
    expect(code).toBe(0)
    expect(folder).toMatch(new RegExp(`^\\d{14}_${ending}$`))
    expect(readdirSync(join(cwd, 'migrations', folder)).sort()).toEqual(['down.sql', 'migration.sql'])
  })

  test('given a name of 300 letters, when a migration is begun, then 200 of them are kept', async () => {
    const cwd = folderWith()
    await lockstep(['new', 'a'.repeat(300)], { cwd })
    expect(readdirSync(join(cwd, 'migrations'))).toEqual([expect.stringMatching(/^\d{14}_a{200}$/)])
  })

  test('given a name without letters, when a migration is begun, then exit 2 and nothing is made', async () => {
    const cwd = folderWith()
    const { code, stderr } = await lockstep(['new', '!?'], { cwd })
    expect(code).toBe(2)
    expect(stderr).toContain('"!?" has no letter or digit')
    expect(readdirSync(cwd)).toEqual([])
  })

  test('given --dir, when a migration is begun, then it lies there and the path is shown as it can be typed', async () => {
    const cwd = folderWith()
    const { stdout } = await lockstep(['new', 'x', '--dir', 'db/history'], { cwd })
    const [folder = ''] = readdirSync(join(cwd, 'db/history'))
    expect(stdout).toBe(`+ db/history/${folder}/migration.sql\n+ db/history/${folder}/down.sql\n`)
  })

  test('given a migration that sorts later, when another is begun, then that is said', async () => {
    const cwd = folderWith({
      'migrations/99999999_last.sql': 'select 1;',
      'migrations/99999999_last.down.sql': 'select 1;',
    })
    const { stdout } = await lockstep(['new', 'x'], { cwd })
    expect(stdout).toContain('! it sorts before 99999999_last, so it would run before it')
  })

  test('given a new migration with its comments, when a statement is added and it is checked, then nothing is refused', async () => {
    const cwd = folderWith()
    const made = JSON.parse((await lockstep(['new', 'x', '--json'], { cwd })).stdout)
    const [up = ''] = made.files
    const comments = readFileSync(join(cwd, up), 'utf8')
    const history = folderWith({ [up]: `${comments}create table a (id int);\n` })
    const { code, stdout } = await lockstep(['check', 'migrations'], { cwd: history })
    expect(stdout).toContain('1 migration, 0 with a way back: nothing to refuse')
    expect(code).toBe(0)
  })
})

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readCatalog } from '../../scripts/shadow/catalog.ts'
import { folderWith, lockstep } from '../support/command-line.ts'
import { irreversibleKinds, reversibleKinds } from '../support/migrations-to-reverse.ts'
import { applyPlainly } from '../support/plain-apply.ts'
import { createDatabase, withClient } from '../support/postgres.ts'

const shadow = (): string => process.env.DATABASE_URL ?? ''
const generate = (cwd: string, ...more: readonly string[]) =>
  lockstep(['generate-down', 'm', '--shadow-url', shadow(), ...more], { cwd })
const read = (cwd: string, path: string): string => readFileSync(join(cwd, 'm', path), 'utf8')

/** The down files below a folder, those of the last migrations first. */
const downsBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('down.sql'))
    .sort((a, b) => Buffer.compare(Buffer.from(nameOf(b)), Buffer.from(nameOf(a))))
const nameOf = (path: string): string => path.replace(/(\/|\.)down\.sql$/, '')

describe('generated ways back', { timeout: 180_000 }, () => {
  test('given migrations of every kind, when ways back are generated, then each was tried and works', async () => {
    const cwd = folderWith(reversibleKinds)
    const { code, stdout } = await generate(cwd, '--json')
    const { migrations }: { migrations: { migration: string; certificate: string }[] } = JSON.parse(stdout)
    const broken = migrations.filter(({ certificate }) => !certificate.startsWith('reversible'))
    expect(broken).toMatchObject([
      { migration: '02_enum', certificate: expect.stringContaining('once rows were written') },
    ])
    expect(migrations).toHaveLength(15)
    expect(code).toBe(0)
    expect((await lockstep(['check', 'm'], { cwd })).stdout).toContain('15 migrations, 15 with a way back')
    expect(downsBelow(join(cwd, 'm')).filter((path) => /postgres|lockstep_kept/.test(read(cwd, path)))).toEqual([])
    expect(read(cwd, '05_rename/down.sql')).toMatch(
      /rename to "child";\nalter table "parent" rename column "title" to "name";\n$/,
    )
    expect(read(cwd, '15_data/down.sql')).toContain('-- - what UPDATE did in line 3 stays as it is\n')
    expect(read(cwd, '02_enum/down.sql')).toContain(
      `-- - value 'great' of enum "mood" goes: rows that have it stop this script`,
    )
    expect(read(cwd, '10_drop/down.sql')).toContain('drops table big: it comes back with what Lockstep kept, or empty')
  })

  test('given the example history without its downs, when they are generated and run in reverse, then nothing is left', async () => {
    const cwd = folderWith()
    const folder = join(cwd, 'm')
    await cp(join(import.meta.dirname, '..', '..', 'migrations'), folder, { recursive: true })
    for (const path of downsBelow(folder)) await rm(join(folder, path))
    const { code, stderr } = await lockstep(['generate-down', 'm'], { cwd })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    await using database = await createDatabase()
    await withClient(database.superuserUrl, async (client) => {
      const empty = await readCatalog(client)
      await applyPlainly(database.superuserUrl, folder)
      for (const path of downsBelow(folder)) await client.query(read(cwd, path))
      expect(await readCatalog(client)).toEqual(empty)
    })
    expect(downsBelow(folder)).toHaveLength(21)
  })
})

describe('what is not generated', () => {
  test('given what no schema shows or the differ does not know, when asked, then nothing is written and exit 3 says why', async () => {
    const files = Object.entries(irreversibleKinds).map(([name, [sql]]) => [`m/${name}/migration.sql`, sql])
    const base = { 'm/01_table/migration.sql': reversibleKinds['m/01_table/migration.sql'] ?? '' }
    const cwd = folderWith({ ...base, ...Object.fromEntries(files) })
    const { code, stderr, stdout } = await generate(cwd)
    expect(code).toBe(3)
    for (const [name, [, reason]] of Object.entries(irreversibleKinds)) {
      expect(stderr).toMatch(new RegExp(`error DOWN_NOT_GENERATED: no way back for ${name}: .*${reason}`))
      expect(existsSync(join(cwd, 'm', name, 'down.sql'))).toBe(false)
    }
    expect(stdout).toContain('+ m/01_table/down.sql')
  })

  const written = {
    'm/1_down/migration.sql': 'create table a (id int);',
    'm/1_down/down.sql': '-- mine\ndrop table a;',
    'm/2_rollback/migration.sql': 'create table b (id int);',
    'm/2_rollback/rollback.sql': '-- mine\ndrop table b;',
    'm/3_loose.sql': 'create table c (id int);',
    'm/3_loose.down.sql': '-- mine\ndrop table c;',
    'm/4_stated/migration.sql': '-- lockstep:irreversible no\ncreate table d (id int);',
  }

  test('given files written by hand, when asked for all, then they stay as they are and only what is missing is written', async () => {
    const cwd = folderWith({ ...written, 'm/5_new.sql': 'create table e (id int);' })
    expect((await generate(cwd)).code).toBe(0)
    expect(read(cwd, '5_new.down.sql')).toContain('DROP TABLE "public"."e";')
    expect(existsSync(join(cwd, 'm/2_rollback/down.sql'))).toBe(false)
    expect(
      ['1_down/down.sql', '2_rollback/rollback.sql', '3_loose.down.sql'].map((path) => read(cwd, path).slice(0, 7)),
    ).toEqual(Array(3).fill('-- mine'))
  })

  test('given nothing to do, when asked, then exit 0 says so and no server is needed', async () => {
    const { code, stdout } = await lockstep(['generate-down', 'm', '--shadow-url', 'postgresql://127.0.0.1:1/x'], {
      cwd: folderWith(written),
    })
    expect({ code, stdout }).toEqual({ code: 0, stdout: '✓ each of 4 migrations has its way back\n' })
  })

  test.each([
    ['1_down', '1_down has 1_down/down.sql, which is not written over'],
    ['2_rollback', '2_rollback has 2_rollback/rollback.sql, which is not written over'],
    ['4_stated', '4_stated says that it is irreversible'],
    ['9_none', 'there is no migration 9_none'],
  ])('given --migration %s, when asked, then exit 2 says why not', async (migration, message) => {
    const { code, stderr } = await generate(folderWith(written), '--migration', migration)
    expect(code).toBe(2)
    expect(stderr).toContain(`error USAGE: ${message}`)
  })

  test('given --migration, when asked, then only that one is written, and later ones are not even applied', async () => {
    const cwd = folderWith({
      'm/1_a.sql': 'create table a (id int);',
      'm/2_b.sql': 'alter table a add b int;',
      'm/3_c.sql': 'select * from nowhere;',
    })
    expect((await generate(cwd, '--migration', '2_b')).code).toBe(0)
    expect(read(cwd, '2_b.down.sql')).toContain('DROP COLUMN "b";')
    expect(existsSync(join(cwd, 'm/1_a.down.sql'))).toBe(false)
  })

  test('given a migration that fails there, when asked, then exit 4 has its place, and what came before it is written', async () => {
    const cwd = folderWith({
      'm/1_a.sql': 'create table a (id int);',
      'm/2_b.sql': 'select 1;\nselect * from nowhere;',
    })
    const { code, stderr } = await generate(cwd)
    expect(code).toBe(4)
    expect(stderr).toContain('m/2_b.sql:2:15')
    expect(read(cwd, '1_a.down.sql')).toContain('DROP TABLE')
  })
})

import { readFileSync, writeFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folderWith, lockstep } from '../support/command-line.ts'
import { asSuperuser, createDatabase, withClient } from '../support/postgres.ts'
import { trickyCertificates, trickyHistory } from '../support/tricky-migrations.ts'

const shadow = (): string => process.env.DATABASE_URL ?? ''
const certify = (cwd: string, ...more: readonly string[]) =>
  lockstep(['certify', 'm', '--shadow-url', shadow(), ...more], { cwd })

const textsOf = (cwd: string): Readonly<Record<string, string>> => {
  const { certificates }: { certificates: Record<string, { text: string }> } = JSON.parse(
    readFileSync(join(cwd, 'm/lockstep.certificates.json'), 'utf8'),
  )
  return Object.fromEntries(Object.entries(certificates).map(([name, { text }]) => [name, text]))
}

const scratchDatabases = (): Promise<readonly string[]> =>
  asSuperuser(async (client) => {
    const text = `select datname from pg_database where datname like 'lockstep\\_shadow%'`
    return (await client.query<{ datname: string }>(text)).rows.map(({ datname }) => datname)
  })

const first = { 'm/1_a/migration.sql': 'create table a (id int);', 'm/1_a/down.sql': 'drop table a;' }

describe('certify', () => {
  test('given ways back that work, lose and do not work, when certified, then each is told as it is', async () => {
    const cwd = folderWith(trickyHistory)
    const { code, stdout, stderr } = await certify(cwd)
    expect(textsOf(cwd)).toEqual(trickyCertificates)
    expect(code).toBe(4)
    expect(stdout).toContain('"hopeless" could not be filled: ')
    expect(stdout).toContain(
      'tried without rows from before it, since it fails on the generated ones: 10_fussy failed: division by zero',
    )
    expect(stderr).not.toContain('MIGRATION_FAILED')
    expect(stderr.match(/^error WAY_BACK_BROKEN/gm)).toHaveLength(4)
  })

  test('given the example history, when certified on a server of its own, then all of it can be taken back', async () => {
    const cwd = folderWith()
    await cp(join(import.meta.dirname, '..', '..', 'migrations'), join(cwd, 'm'), { recursive: true })
    const { code, stderr } = await lockstep(['certify', 'm'], { cwd })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const texts = textsOf(cwd)
    expect(Object.values(texts).filter((text) => text.startsWith('reversible'))).toHaveLength(21)
    expect(texts['20251120025530_add_eclipse_complete']).toMatch(/"BrandScan" \(5 of 5 rows\) written after it$/)
  })

  test('given certificates, when the history is packed, then the bundle carries them', async () => {
    const cwd = folderWith({ ...first, 'm/2_b/migration.sql': '-- lockstep:irreversible why not\nselect 1;' })
    await certify(cwd)
    const { stdout } = await lockstep(['bundle', 'm', '--out', 'b.zip', '--json'], { cwd })
    expect(JSON.parse(stdout).certificates).toEqual({
      '1_a': 'reversible, loses: "a" (5 of 5 rows) written after it',
    })
  })

  test('given --rows, when certified, then losses are counted of so many', async () => {
    const cwd = folderWith(first)
    await certify(cwd, '--rows', '2')
    expect(textsOf(cwd)).toEqual({ '1_a': 'reversible, loses: "a" (2 of 2 rows) written after it' })
  })

  test('given entries of changed and of absent migrations, when certified, then only what was found now is left', async () => {
    const cwd = folderWith({ ...first, 'm/2_b/migration.sql': 'select 1;', 'm/2_b/down.sql': '' })
    await certify(cwd)
    const file = join(cwd, 'm/lockstep.certificates.json')
    writeFileSync(file, readFileSync(file, 'utf8').replace('"2_b"', '"0_gone"'))
    writeFileSync(join(cwd, 'm/1_a/down.sql'), 'drop table a cascade;')
    await certify(cwd)
    expect(Object.keys(textsOf(cwd))).toEqual(['1_a', '2_b'])
  })
})

describe('a shadow server', () => {
  test('given a database in the URL, when certified, then it stays as it was and the scratch databases are gone', async () => {
    await using database = await createDatabase()
    await withClient(database.superuserUrl, (client) => client.query('create table mine (id int)'))
    await lockstep(['certify', 'm', '--shadow-url', database.superuserUrl], { cwd: folderWith(first) })
    const found = await withClient(database.superuserUrl, (client) =>
      client.query(`select nspname, relname from pg_class c join pg_namespace n on n.oid = relnamespace
        where relkind = 'r' and nspname not in ('pg_catalog', 'information_schema')`),
    )
    expect(found.rows).toEqual([{ nspname: 'public', relname: 'mine' }])
    expect(await scratchDatabases()).toEqual([])
  })

  test('given a user that may create no databases, when certified, then it is said how to allow it', async () => {
    await using database = await createDatabase()
    const { code, stderr } = await lockstep(['certify', 'm', '--shadow-url', database.url], { cwd: folderWith(first) })
    expect(code).toBe(3)
    expect(stderr).toContain('error PRIVILEGE_MISSING: no scratch database can be made')
    expect(stderr).toContain('createdb')
  })

  test('given nobody there, when certified, then exit 6 names the server without its password', async () => {
    const url = 'postgresql://someone:hunter2@127.0.0.1:1/postgres'
    const { code, stderr } = await lockstep(['certify', 'm', '--shadow-url', url], { cwd: folderWith(first) })
    expect(code).toBe(6)
    expect(stderr).toContain('error SHADOW_UNREACHABLE: cannot connect to 127.0.0.1:1/postgres')
    expect(stderr).not.toContain('hunter2')
  })
})

describe('refusals', () => {
  test('given a migration that fails there, when certified, then exit 4 has its place, and what was found before it stays', async () => {
    const cwd = folderWith({ ...first, 'm/2_b/migration.sql': 'select 1;\nselect * from nowhere;' })
    const { code, stderr } = await certify(cwd)
    expect(code).toBe(4)
    expect(stderr).toContain('error MIGRATION_FAILED: ')
    expect(stderr).toContain('m/2_b/migration.sql:2:15')
    expect(Object.keys(textsOf(cwd))).toEqual(['1_a'])
    expect(await scratchDatabases()).toEqual([])
  })

  test('given no down script at all, when certified, then exit 3 says what writes them', async () => {
    const { code, stderr } = await certify(folderWith({ 'm/1_a/migration.sql': 'select 1;' }))
    expect(code).toBe(3)
    expect(stderr).toContain('error DOWN_MISSING: none of 1 migration has a down script')
    expect(stderr).toContain('`lockstep generate-down <dir>`')
  })

  test.each([
    ['a folder that is nowhere', {}, [], 'PATH_NOT_FOUND'],
    ['what is no URL', first, ['--shadow-url', 'db.example.com'], 'USAGE'],
    ['no rows at all', first, ['--rows', '0'], 'USAGE'],
  ])('given %s, when certified, then exit 2', async (_, files, more, error) => {
    const { code, stderr } = await lockstep(['certify', 'm', ...more], { cwd: folderWith(files) })
    expect(code).toBe(2)
    expect(stderr).toContain(`error ${error}: `)
  })

  test('given a down script with a syntax error, when certified, then it is refused before anything is started', async () => {
    const { code, stderr } = await certify(folderWith({ ...first, 'm/1_a/down.sql': 'drop tabel a;' }))
    expect(code).toBe(3)
    expect(stderr).toContain('m/1_a/down.sql:1:6')
  })
})

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lockstep } from '../support/command-line.ts'

const migrations = resolve(import.meta.dirname, '..', '..', 'migrations')

const folder = mkdtempSync(join(tmpdir(), 'lockstep-user-'))
const here = { cwd: folder }

const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}

describe('an embedded cloud in the background', () => {
  beforeAll(async () => {
    const up = await lockstep(['local', 'up'], here)
    expect(up).toMatchObject({ code: 0 })
  })
  afterAll(async () => {
    expect(await lockstep(['local', 'down'], here)).toMatchObject({ code: 0 })
    rmSync(folder, { recursive: true, force: true })
  })

  test('given the example history, when pushed with --wait, then each migration has a line, and exit is 0', async () => {
    const { code, stdout } = await lockstep(['push', migrations, '--target', 'shop', '--wait'], here)
    expect(code).toBe(0)
    expect(stdout.match(/^\s*✓ \d{8}\S* +\S+ m?s$/gm)).toHaveLength(21)
    expect(stdout).toContain('21 migrations applied')
  })

  test('given everything applied, when pushed again, then there is nothing to do, and exit is 0', async () => {
    const { code, stdout } = await lockstep(['push', migrations, '--target', 'shop', '--wait'], here)
    expect({ code, nothing: stdout.includes('nothing to do') }).toEqual({ code: 0, nothing: true })
  })

  test('given a zip made with plain zip tools, when pushed with --json, then one document tells the run', async () => {
    const out = join(folder, 'bundle.zip')
    expect(await lockstep(['bundle', migrations, '--out', out], here)).toMatchObject({ code: 0 })
    const { code, stdout } = await lockstep(['push', out, '--target', 'zipped', '--wait', '--json'], here)
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, state: 'SUCCEEDED', applied: 21 })
  })

  test('given applied migrations, when rolled back by the digest of a dry run, then they are gone, held back, and released', async () => {
    write('back/1_a/migration.sql', 'create table a (id int);\ninsert into a values (1), (2);\n')
    write('back/1_a/down.sql', '-- Stop the app first.\ndrop table a;\n')
    const push = ['push', 'back', '--target', 'back', '--wait']
    expect(await lockstep(push, here)).toMatchObject({ code: 0 })
    const rollback = ['rollback', '--target', 'back', '--steps', '1']

    const dry = await lockstep([...rollback, '--dry-run'], here)
    expect(dry.stdout).toMatch(
      /says +Stop the app first\.\n +locks +ACCESS EXCLUSIVE on a\n +loses +drops table a: 2 rows/,
    )
    expect(dry.stdout).toContain('this throws away 2 rows and values')
    const digest = /^plan ([0-9a-f]{64})$/m.exec(dry.stdout)?.[1] ?? ''

    const unasked = await lockstep(rollback, here)
    expect(unasked).toMatchObject({ code: 2, stderr: expect.stringContaining(`--plan ${digest}`) })
    const other = await lockstep([...rollback, '--plan', '0'.repeat(64)], here)
    expect(other).toMatchObject({ code: 3, stderr: expect.stringContaining('PLAN_STALE') })
    const back = await lockstep([...rollback, '--plan', digest], here)
    expect(back).toMatchObject({ code: 0, stdout: expect.stringContaining('✓ 1 migration taken back') })
    expect(await lockstep([...rollback, '--yes'], here)).toMatchObject({ code: 3 })

    expect(await lockstep(push, here)).toMatchObject({ code: 3, stderr: expect.stringContaining('HELD_BACK') })
    const released = await lockstep(['release', '--target', 'back', '--reason', 'test', '--json'], here)
    expect(JSON.parse(released.stdout)).toEqual({ target: 'back', released: ['1_a'] })
    expect(await lockstep(push, here)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('1 migration applied'),
    })
  })

  test('given two ways to say how far, when rolled back, then the command line says which to use, and exit is 2', async () => {
    const rollback = ['rollback', '--target', 'back']
    expect(await lockstep(rollback, here)).toMatchObject({ code: 2, stderr: expect.stringContaining('--steps <n>') })
    expect(await lockstep([...rollback, '--steps', '1', '--to', 'a'], here)).toMatchObject({ code: 2 })
    expect(await lockstep([...rollback, '--steps', 'x'], here)).toMatchObject({ code: 2 })
  })

  test('given a migration that fails, when pushed with --wait, then place, caret, SQLSTATE and hint are shown, and exit is 4', async () => {
    write('bad/1_a/migration.sql', 'create table a (id int);\n')
    write('bad/2_b/migration.sql', 'create table b (id int);\nselect nickname from b;\n')
    const { code, stdout, stderr } = await lockstep(['push', 'bad', '--target', 'failing', '--wait'], here)
    const shown = stdout + stderr
    expect(code).toBe(4)
    expect(shown).toContain('MIGRATION_FAILED')
    expect(shown).toContain('42703')
    expect(shown).toMatch(/2_b\/migration\.sql:2:8/)
    expect(shown).toMatch(/select nickname from b;\n[^\n]*\^/)
    expect(shown).toContain('→')
    const status = JSON.parse((await lockstep(['status', '--target', 'failing', '--json'], here)).stdout)
    expect(JSON.stringify(status)).toContain('"FAILED"')
  })

  test('given the corrected file, when pushed, then the run goes on from there', async () => {
    write('bad/2_b/migration.sql', 'create table b (id int, nickname text);\nselect nickname from b;\n')
    const { code, stdout } = await lockstep(['push', 'bad', '--target', 'failing', '--wait'], here)
    expect({ code, applied: stdout.includes('1 migration applied') }).toEqual({ code: 0, applied: true })
  })

  test('given an assertion that does not hold, when pushed with --wait, then its place is shown, nothing stays, and exit is 4', async () => {
    write('asked/1_a/migration.sql', 'create table a (id int);\n')
    write('asked/1_a/verify.sql', 'select true;\nselect count(*) = 1 from a;\n')
    const { code, stdout, stderr } = await lockstep(['push', 'asked', '--target', 'asked', '--wait'], here)
    const shown = stdout + stderr
    expect(code).toBe(4)
    expect(shown).toContain('VERIFY_FAILED')
    expect(shown).toContain('assertion 2 of 1_a/verify.sql returned false')
    expect(shown).toMatch(/1_a\/verify\.sql:2:1/)
    expect(shown).toMatch(/select count\(\*\) = 1 from a;\n[^\n]*\^/)
    write('asked/1_a/verify.sql', 'select count(*) = 0 from a;\n')
    expect(await lockstep(['push', 'asked', '--target', 'asked', '--wait'], here)).toMatchObject({ code: 0 })
  })

  test('given an edited migration, when pushed, then exit is 3', async () => {
    write('bad/1_a/migration.sql', 'create table a (id bigint);\n')
    const { code, stdout, stderr } = await lockstep(['push', 'bad', '--target', 'failing', '--wait'], here)
    expect({ code, edited: (stdout + stderr).includes('MIGRATION_EDITED') }).toEqual({ code: 3, edited: true })
  })

  test('given a run that takes longer than --timeout, when pushed with --wait, then exit is 5 and the run goes on', async () => {
    write('slow/1_a/migration.sql', 'select pg_sleep(4);\n')
    const { code, stdout, stderr } = await lockstep(
      ['push', 'slow', '--target', 'slow', '--wait', '--timeout', '1s'],
      here,
    )
    expect(code).toBe(5)
    expect(stdout + stderr).toContain('lockstep status')
  })

  test('given an audit stream, when verified, then it is intact, and exit is 0', async () => {
    const { code, stdout } = await lockstep(['audit', 'verify', '--target', 'shop', '--json'], here)
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ target: 'shop' })
  })

  test('given a target, when asked for its URL, then PostgreSQL answers there', async () => {
    const { stdout } = await lockstep(['local', 'url', '--target', 'shop'], here)
    const script = `import { Client } from 'pg'
      const client = new Client({ connectionString: process.argv[1] }); await client.connect()
      const { rows } = await client.query('select count(*)::int as n from lockstep.applied'); await client.end()
      process.stdout.write(String(rows[0].n))`
    const root = resolve(import.meta.dirname, '..', '..')
    const count = execFileSync(process.execPath, ['--input-type=module', '-e', script, stdout.trim()], { cwd: root })
    expect(count.toString()).toBe('21')
  })
})

test('given nothing but the repository, when the demo runs, then it migrates, proves, finds nothing to do, and leaves nothing', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'lockstep-demo-'))
  try {
    const { code, stdout } = await lockstep(['demo'], { cwd })
    expect(code).toBe(0)
    expect(stdout).toContain('21 migrations applied')
    expect(stdout).toMatch(/21 receipts/)
    expect(stdout).toMatch(/24 events, each follows the one before it/)
    expect(stdout).toContain('nothing to do')
  } finally {
    rmSync(cwd, { recursive: true, force: true })
  }
})

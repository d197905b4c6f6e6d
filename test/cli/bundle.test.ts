import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folderWith, lockstep } from '../support/command-line.ts'

const history = {
  'm/1_first/migration.sql': 'create table a (id int);',
  'm/2_second/migration.sql': 'create table b (id int);\r\n',
  'm/migration_lock.toml': 'provider = "postgresql"\n',
}

const git = (cwd: string, ...words: string[]): string =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...words], { cwd, encoding: 'utf8' }).trim()

/** A work tree with one commit of the history. */
const workTree = (): string => {
  const cwd = folderWith(history)
  git(cwd, 'init', '-q', '-b', 'trunk')
  git(cwd, 'remote', 'add', 'origin', 'https://someone:secret@example.com/shop.git')
  git(cwd, 'add', '.')
  git(cwd, 'commit', '-q', '-m', 'history')
  return cwd
}

const bundle = async (cwd: string) =>
  JSON.parse((await lockstep(['bundle', 'm', '--out', 'b.zip', '--json'], { cwd })).stdout)

describe('bundle', () => {
  test('given the same history in two folders and time zones, when packed, then the bytes are the same', async () => {
    const folders = [folderWith(history), folderWith(history)]
    const zones = ['Pacific/Auckland', 'America/Los_Angeles']
    const zips = folders.map(async (cwd, index) => {
      await lockstep(['bundle', 'm', '--out', 'b.zip'], { cwd, env: { TZ: zones[index] ?? '' } })
      return readFileSync(join(cwd, 'b.zip')).toString('hex')
    })
    const [first, second] = await Promise.all(zips)
    expect(first).toBe(second)
  })

  test('given a git work tree, when packed, then commit, branch and url without credentials are in the manifest', async () => {
    const cwd = workTree()
    const { source } = await bundle(cwd)
    expect(source).toEqual({
      commit: git(cwd, 'rev-parse', 'HEAD'),
      branch: 'trunk',
      url: 'https://example.com/shop.git',
    })
  })

  test('given a history changed since its commit, when packed, then the commit ends in -dirty', async () => {
    const cwd = workTree()
    git(cwd, 'rm', '-q', '-r', 'm/2_second')
    expect((await bundle(cwd)).source.commit).toBe(`${git(cwd, 'rev-parse', 'HEAD')}-dirty`)
  })

  test('given a folder outside of git, when packed, then the bundle has no source', async () => {
    expect((await bundle(folderWith(history))).source).toEqual({})
  })

  test('given a bad history, when packed, then exit 3 and no file is written', async () => {
    const cwd = folderWith({ ...history, 'm/3_third/migration.sql': 'selec 1;' })
    const { code, stderr } = await lockstep(['bundle', 'm', '--out', 'b.zip'], { cwd })
    expect(code).toBe(3)
    expect(stderr).toContain('1 of 3 migrations refused; no bundle was written')
    expect(() => readFileSync(join(cwd, 'b.zip'))).toThrow('ENOENT')
  })
})

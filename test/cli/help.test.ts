import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { lockstep } from '../support/command-line.ts'

const commands = [
  ['new'],
  ['check'],
  ['bundle'],
  ['keygen'],
  ['sign'],
  ['generate-down'],
  ['certify'],
  ['push'],
  ['status'],
  ['audit', 'verify'],
  ['kept', 'list'],
  ['kept', 'drop'],
  ['unlock'],
  ['reconcile'],
  ['demo'],
  ['gameday'],
  ['local', 'up'],
  ['local', 'down'],
  ['local', 'url'],
  ['local', 'env'],
]

describe('help', () => {
  test('given --help, when lockstep runs, then every command is listed on standard output', async () => {
    const { code, stdout, stderr } = await lockstep(['--help'])
    const listed = [
      'new',
      'check',
      'bundle',
      'keygen',
      'sign',
      'generate-down',
      'certify',
      'push',
      'status',
      'audit verify',
      'kept list|drop',
      'unlock',
      'reconcile',
      'demo',
      'gameday',
      'local up|down|url|env',
    ]
    expect(listed.filter((name) => !stdout.includes(`  ${name}`))).toEqual([])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  test.each(commands)(
    'given --help, when %s %s is asked, then its own options and an example are shown',
    async (...words) => {
      const { code, stdout } = await lockstep([...words, '--help'])
      expect(stdout).toContain(`Usage: lockstep ${words.join(' ')}`)
      expect(stdout).toMatch(new RegExp(`Example:\n  \\$ .*lockstep ${words.join(' ')}`))
      expect(code).toBe(0)
    },
  )

  test('given a pipe of 80 columns, when help is shown, then no line is wider and none has colours', async () => {
    const { stdout } = await lockstep(['--help'])
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect(stdout).not.toContain('\u001b')
  })

  test('given --version, when lockstep runs, then the version of package.json is printed', async () => {
    const { version } = JSON.parse(readFileSync(resolve(import.meta.dirname, '..', '..', 'package.json'), 'utf8'))
    expect(await lockstep(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })

  test('given no command, when lockstep runs, then the help is on standard error and the exit code is that of usage', async () => {
    const { code, stdout, stderr } = await lockstep([])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('Usage: lockstep')
    expect(stderr).toContain('error USAGE: `lockstep` needs a command after it')
  })
})

describe('colours', () => {
  const colours = '\u001b['

  test('given FORCE_COLOR, when a command fails, then its error has colours', async () => {
    expect((await lockstep(['check', 'nowhere'], { env: { FORCE_COLOR: '1' } })).stderr).toContain(colours)
  })

  test('given NO_COLOR, when a command fails, then its error has none', async () => {
    expect((await lockstep(['check', 'nowhere'], { env: { NO_COLOR: '1' } })).stderr).not.toContain(colours)
  })

  test('given a pipe, when a command fails, then its error has none', async () => {
    expect((await lockstep(['check', 'nowhere'])).stderr).not.toContain(colours)
  })
})

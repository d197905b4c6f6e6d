import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bin, folderWith, lockstep } from '../support/command-line.ts'

const preload = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })`

/** An older Node of this machine, or this one made to believe that it is. */
const oldNode = (): readonly string[] => {
  const installed = ['/usr/bin/node', '/usr/local/bin/node'].find((path) => majorOf(path) < 24)
  if (installed !== undefined) return [installed]
  return [process.execPath, '--require', `${folderWith({ 'preload.cjs': preload })}/preload.cjs`]
}

const majorOf = (path: string): number => {
  try {
    return Number(/^v(\d+)/.exec(execFileSync(path, ['--version'], { encoding: 'utf8' }))?.[1])
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

describe('an old Node', () => {
  test.each([['--help'], ['check', 'migrations'], ['demo']])(
    'given an old Node, when %s %s runs, then its first line says what to do and it exits with 2',
    async (...args) => {
      const { code, stdout, stderr } = await lockstep(args, { node: oldNode() })
      const [line = ''] = stderr.split('\n')
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(line).toMatch(/^error USAGE: Lockstep needs Node 24 or newer, this is \d+\.\d+\.\d+; .*npx.*npm ci/)
    },
  )

  test('given an old Node and --json, when a command runs, then the error is a document too', async () => {
    const { stdout } = await lockstep(['status', '--json'], { node: oldNode() })
    expect(JSON.parse(stdout).error).toMatchObject({ code: 'USAGE', message: expect.stringContaining('needs Node 24') })
  })

  test('given an old Node and no Node 24 from npm, when a command runs, then its first line says how to get one', async () => {
    const files = { 'package.json': '{ "type": "module" }', 'scripts/lockstep.js': readFileSync(bin, 'utf8') }
    const script = join(folderWith(files), 'scripts', 'lockstep.js')
    const { code, stderr } = await lockstep(['demo'], { node: oldNode(), script })
    expect(code).toBe(2)
    expect(stderr).toMatch(/^error USAGE: .*; run `npm ci`, which brings Node 24 .*, or install Node 24\n$/)
  })
})

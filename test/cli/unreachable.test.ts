import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { folderWith, lockstep } from '../support/command-line.ts'

/** An address on which nobody listens: a port that was free a moment ago. */
const closedEndpoint = async (): Promise<string> => {
  const server = createServer()
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const address = server.address()
  await new Promise((closed) => server.close(closed))
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
}

const environment = async () => ({
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'x',
  AWS_SECRET_ACCESS_KEY: 'x',
  AWS_ENDPOINT_URL: await closedEndpoint(),
  LOCKSTEP_BUNDLE_BUCKET: 'bundles',
  LOCKSTEP_STATUS_FUNCTION: 'status',
})

describe('an AWS that does not answer', () => {
  test.each([
    ['push', 'm', '--target', 'orders'],
    ['push', 'm', '--target', 'orders', '--wait'],
    ['status', '--target', 'orders'],
    ['audit', 'verify', '--target', 'orders'],
  ])('given a closed endpoint, when %s %s … runs, then it exits with 6 in bounded time', async (...args) => {
    const cwd = folderWith({ 'm/1_first/migration.sql': 'create table a (id int);' })
    const startedAt = performance.now()
    const { code, stderr } = await lockstep(args, { cwd, env: await environment() })
    expect(code).toBe(6)
    expect(stderr).toContain('error AWS_UNREACHABLE: ')
    expect(stderr).toMatch(/^→ check network, region and credentials/m)
    expect(performance.now() - startedAt).toBeLessThan(30_000)
  })
})

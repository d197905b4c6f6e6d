import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'

// starts a program, which a busy machine takes its time for
vi.setConfig({ testTimeout: 60_000 })

const root = join(import.meta.dirname, '..', '..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')

test.each([
  ['neither variable', {}, 'AWS_ENDPOINT_URL, DATABASE_URL'],
  ['no database', { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' }, 'DATABASE_URL'],
  ['no emulator', { DATABASE_URL: 'postgresql://127.0.0.1:9/x' }, 'AWS_ENDPOINT_URL'],
])('given %s, when the tests on an emulator are started, then the missing ones are named', (_, given, missing) => {
  const { AWS_ENDPOINT_URL: _url, DATABASE_URL: _database, ...environment } = process.env
  const run = spawnSync('npx', ['vitest', 'run', '--config', 'vitest.emulator.config.ts'], {
    cwd: root,
    env: { ...environment, ...given },
    encoding: 'utf8',
  })
  expect(run.stderr).toContain(`missing: ${missing};`)
  expect(run.status).toBe(2)
})

test('given the compose file, when its ports are read, then all of them are on loopback', () => {
  const ports = [...read('docker-compose.yml').matchAll(/^ +- (\S+:\d+:\d+)$/gm)].map(([, port]) => port)
  expect(ports).toEqual(['127.0.0.1:5432:5432', '127.0.0.1:4566:4566'])
})

test('given the compose file, when its services are read, then PostgreSQL is 17 and the emulator is one that needs no token', () => {
  const images = [...read('docker-compose.yml').matchAll(/^ +image: (.+)$/gm)].map(([, image]) => image)
  const emulator = `\${LOCKSTEP_EMULATOR_IMAGE:-localstack/localstack:4.14.0}`
  expect(images).toEqual(['postgres:17', emulator])
})

test('given the command in the compose file, when the hint is read, then it is the same', () => {
  const command = /AWS_ENDPOINT_URL=\S+ DATABASE_URL=\S+ npm run test:emulator/
  const [shown] = read('docker-compose.yml').match(command) ?? []
  expect(shown).toMatch(/./)
  expect(read('vitest.emulator.config.ts')).toContain(shown)
  expect(read('CONTRIBUTING.md')).toContain(shown)
})

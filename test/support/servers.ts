import type { TestProject } from 'vitest/node'
import { startDynamodb } from './dynamodb.ts'
import { startPostgres } from './postgres.ts'

/** A server for a whole test run; its `env` is what the tests of this project find in theirs. */
interface RunningServer {
  readonly env: Readonly<Record<string, string>>
  stop(): Promise<void>
}

const servers: Readonly<Record<string, () => Promise<RunningServer>>> = {
  DynamoDB: startDynamodb,
  PostgreSQL: startPostgres,
}

const running: RunningServer[] = []

/** Starts the servers that real tests need, once a project. One that does not start fails the tests that need it, and no others. */
export async function setup(project: TestProject): Promise<void> {
  const starts = Object.entries(servers).map(async ([name, start]) => {
    try {
      running.push(await start())
    } catch (error) {
      process.stderr.write(`${name} did not start: ${error instanceof Error ? error.message : String(error)}\n`)
    }
  })
  await Promise.all(starts)
  project.config.env = Object.assign({}, project.config.env, ...running.map(({ env }) => env))
}

/** Stops whatever was started. */
export async function teardown(): Promise<void> {
  await Promise.all(running.splice(0).map((server) => server.stop()))
}

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { clientFor } from '../../scripts/local/names.ts'

const home = join(import.meta.dirname, '../../checks/dynamodb-local')
const jar = 'DynamoDBLocal.jar'
const readyMs = 30_000
const lookMs = 100

/** Why DynamoDB Local, Amazon's own emulator, can't be used here; undefined when it can. */
export function whyNoDynamodbLocal(): string | undefined {
  if (!existsSync(join(home, jar))) return 'no jar, run `node checks/install-dynamodb-local.ts`'
  if (spawnSync('java', ['-version']).status !== 0) return 'no Java'
  return undefined
}

export interface DynamodbLocal extends AsyncDisposable {
  readonly endpoint: string
}

/** Starts DynamoDB Local on a free port, in memory; takes some seconds. */
export async function startDynamodbLocal(): Promise<DynamodbLocal> {
  const port = await freePort()
  const flags = ['-Djava.library.path=./DynamoDBLocal_lib', '-jar', jar, '-inMemory', '-port', String(port)]
  const child = spawn('java', flags, { cwd: home, stdio: 'ignore' })
  const endpoint = `http://127.0.0.1:${port}`
  await untilItAnswers(child, endpoint)
  return { endpoint, [Symbol.asyncDispose]: () => end(child) }
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer()
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })

async function untilItAnswers(child: ChildProcess, endpoint: string): Promise<void> {
  const client = new DynamoDBClient({ ...clientFor(endpoint), maxAttempts: 1 })
  for (let waitedMs = 0; waitedMs < readyMs && child.exitCode === null; waitedMs += lookMs) {
    const answered = await client.send(new ListTablesCommand({})).then(
      () => true,
      () => false,
    )
    if (answered) return
    await wait(lookMs)
  }
  await end(child)
  throw new Error(`DynamoDB Local did not answer within ${readyMs} ms`)
}

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
}

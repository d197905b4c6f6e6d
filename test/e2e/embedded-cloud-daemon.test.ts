import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isTargetName } from '../../functions/domain/types.ts'
import { functions } from '../../functions/edge/resources.ts'
import { type LocalState, localDown, localUp, localUrl, readLocalState } from '../../scripts/local/daemon.ts'
import { clientFor } from '../../scripts/local/names.ts'
import { identifyProcess, isRunning, type ProcessIdentity } from '../../scripts/local/process-identity.ts'
import { eventually } from '../support/eventually.ts'
import { writeArtefacts } from '../support/local-parts.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

let artefacts: TemporaryFolder

beforeAll(async () => {
  artefacts = await temporaryFolder()
  const handler = `export const handler = async (event) => {
    console.log('began', JSON.stringify(event))
    if (event.spin) for (;;);
    if (event.waitMs) await new Promise((resolve) => setTimeout(resolve, event.waitMs))
  }`
  await writeArtefacts(artefacts.path, Object.fromEntries(functions.map(({ name }) => [name, handler])))
})
afterAll(() => artefacts[Symbol.asyncDispose]())

interface StateFolder extends AsyncDisposable {
  readonly path: string
  up(): Promise<LocalState>
  down(): ReturnType<typeof localDown>
  /** Everything that the cloud of this folder ever started and noted. */
  noted(): Promise<readonly (ProcessIdentity & { readonly name: string })[]>
}

async function stateFolder(): Promise<StateFolder> {
  const folder = await temporaryFolder()
  const down = () => localDown({ stateDir: folder.path })
  return {
    path: folder.path,
    up: () => localUp({ stateDir: folder.path, strict: false, fsync: false, artefacts: artefacts.path }),
    down,
    noted: async () => {
      const text = await readFile(`${folder.path}/processes.ndjson`, 'utf8').catch(() => '')
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    },
    [Symbol.asyncDispose]: async () => {
      await down()
      await folder[Symbol.asyncDispose]()
    },
  }
}

const running = (processes: readonly (ProcessIdentity & { readonly name: string })[]): readonly string[] =>
  processes.filter(isRunning).map(({ name }) => name)

const put = async (state: LocalState, Key: string, Body: string): Promise<void> => {
  const s3 = new S3Client(clientFor(state.endpoints.s3))
  await s3.send(new PutObjectCommand({ Bucket: 'lockstep-records', Key, Body }))
  s3.destroy()
}
const get = async (state: LocalState, Key: string): Promise<string | undefined> => {
  const s3 = new S3Client(clientFor(state.endpoints.s3))
  try {
    const answer = await s3.send(new GetObjectCommand({ Bucket: 'lockstep-records', Key }))
    return await answer.Body?.transformToString()
  } catch {
    return undefined
  } finally {
    s3.destroy()
  }
}

/** Starts the status function and does not wait for it. */
const start = async (state: LocalState, event: object): Promise<void> => {
  const lambda = new LambdaClient(clientFor(state.endpoints.lambda))
  const Payload = JSON.stringify(event)
  await lambda.send(new InvokeCommand({ FunctionName: 'lockstep-status', InvocationType: 'Event', Payload }))
  lambda.destroy()
}

test('given no cloud, when it is started, asked again and stopped, then it is one process that comes and goes whole', async () => {
  await using folder = await stateFolder()
  expect(await readLocalState(folder.path)).toBeUndefined()
  const state = await folder.up()
  expect(await readLocalState(folder.path)).toEqual(state)
  expect((await stat(`${folder.path}/local.json`)).mode & 0o777).toBe(0o600)
  expect(state.daemon).toEqual(identifyProcess(state.daemon.pid))
  expect(state.servers.map(({ name }) => name)).toEqual(['postgres', 'dynamodb'])
  expect(running(state.servers)).toEqual(['postgres', 'dynamodb'])
  expect((await folder.up()).daemon).toEqual(state.daemon)
  const noted = await folder.noted()

  expect(await folder.down()).toBe('stopped')
  expect(running([...noted, ...state.servers])).toEqual([])
  expect(existsSync(`${folder.path}/local.json`)).toBe(false)
  expect(await folder.down()).toBe('was-not-running')
})

test('given a running cloud, when its database is asked for, then the URL leads there', async () => {
  await using folder = await stateFolder()
  const state = await folder.up()
  const target = 'postgres-1'
  if (!isTargetName(target)) throw new Error(target)
  expect(new URL(localUrl(state, target)).pathname).toBe('/postgres-1')
  const client = new Client({ connectionString: state.serverUrl })
  await client.connect()
  expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  await client.end()
})

test('given several callers, when they start the cloud of one folder at once, then there is one cloud', async () => {
  await using folder = await stateFolder()
  const states = await Promise.all([folder.up(), folder.up(), folder.up()])
  expect(new Set(states.map(({ daemon }) => daemon.pid)).size).toBe(1)
})

test('given two folders, when a cloud runs in each, then neither knows of the other', async () => {
  await using one = await stateFolder()
  await using two = await stateFolder()
  const [first, second] = await Promise.all([one.up(), two.up()])
  await put(first, 'only-here', 'x')
  expect(await get(first, 'only-here')).toBe('x')
  expect(await get(second, 'only-here')).toBeUndefined()
  await one.down()
  expect(await readLocalState(two.path)).toEqual(second)
  expect(await get(second, 'only-here')).toBeUndefined()
})

test('given a cloud whose process is killed, when it is started again, then its orphans are ended and its data is there', async () => {
  await using folder = await stateFolder()
  const first = await folder.up()
  await put(first, 'kept', 'before the crash')
  await start(first, { spin: true })
  await eventually(async () => (await readFile(`${folder.path}/logs/lockstep-status.log`, 'utf8')).includes('began'))
  const noted = await folder.noted()

  process.kill(first.daemon.pid, 'SIGKILL')
  await eventually(() => !isRunning(first.daemon))
  expect(await readLocalState(folder.path)).toBeUndefined()
  expect(running(first.servers)).toEqual(['postgres', 'dynamodb'])

  const second = await folder.up()
  expect(running(noted)).toEqual([])
  expect(running(second.servers)).toEqual(['postgres', 'dynamodb'])
  expect(await get(second, 'kept')).toBe('before the crash')
})

test('given a cloud whose process is killed, when it is stopped, then what it left is ended', async () => {
  await using folder = await stateFolder()
  const state = await folder.up()
  process.kill(state.daemon.pid, 'SIGKILL')
  await eventually(() => !isRunning(state.daemon))
  expect(await folder.down()).toBe('stopped')
  expect(running(state.servers)).toEqual([])
  expect(existsSync(`${folder.path}/local.json`)).toBe(false)
})

test('given idle functions and one that waits, when the process of the cloud is killed, then they end by themselves', async () => {
  await using folder = await stateFolder()
  const state = await folder.up()
  await start(state, { waitMs: 600_000 })
  await eventually(async () => (await readFile(`${folder.path}/logs/lockstep-status.log`, 'utf8')).includes('began'))
  const started = async () => (await folder.noted()).filter(({ name }) => name.startsWith('lockstep-'))
  await eventually(async () => (await started()).length >= 4)
  process.kill(state.daemon.pid, 'SIGKILL')
  await eventually(async () => running(await started()).length === 0)
})

test('given a cloud, when its process gets SIGTERM, then it stops in order', async () => {
  await using folder = await stateFolder()
  const state = await folder.up()
  process.kill(state.daemon.pid, 'SIGTERM')
  await eventually(() => !isRunning(state.daemon))
  expect(running(state.servers)).toEqual([])
  expect(existsSync(`${folder.path}/local.json`)).toBe(false)
  expect(await readFile(`${folder.path}/daemon.log`, 'utf8')).toMatch(/stopping: got SIGTERM\n.* down\n$/)
})

test('given a cloud, when one of its servers dies, then the rest of it ends and the next start makes it whole', async () => {
  await using folder = await stateFolder()
  const first = await folder.up()
  const dynamodb = first.servers.find(({ name }) => name === 'dynamodb')
  process.kill(dynamodb?.pid ?? 0, 'SIGKILL')
  await eventually(async () => (await readLocalState(folder.path)) === undefined && !isRunning(first.daemon))
  expect(running(first.servers)).toEqual([])
  expect((await folder.up()).daemon.pid).not.toBe(first.daemon.pid)
})

/** A process that has nothing to do with us. */
async function stranger(): Promise<AsyncDisposable & { readonly identity: ProcessIdentity }> {
  const child = spawn('sleep', ['600'])
  await once(child, 'spawn')
  const identity = identifyProcess(child.pid ?? 0)
  if (identity === undefined) throw new Error('sleep does not run')
  return {
    identity,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

test.each([
  ['another start time', { startTime: '1' }],
  ['another boot of the machine', { bootId: '00000000-0000-0000-0000-000000000000' }],
])(
  'given a stale state whose pids others have now, with %s, when the cloud is stopped and started, then they live on',
  async (_name, stale) => {
    await using folder = await stateFolder()
    await using other = await stranger()
    const template = await folder.up()
    await folder.down()
    const gone = { ...other.identity, ...stale }
    await writeFile(
      `${folder.path}/local.json`,
      JSON.stringify({ ...template, daemon: gone, servers: [{ name: 'postgres', ...gone }] }),
    )
    const journal = ['daemon', 'postgres']
      .map((name) => `${JSON.stringify({ name, ...gone, endWith: 'SIGKILL' })}\n`)
      .join('')
    await writeFile(`${folder.path}/processes.ndjson`, journal)
    expect(await readLocalState(folder.path)).toBeUndefined()
    expect(await folder.down()).toBe('was-not-running')
    await writeFile(`${folder.path}/processes.ndjson`, journal)
    await folder.up()
    expect(isRunning(other.identity)).toBe(true)
  },
)

test('given a state file that nobody can read, when it is read, then there is no cloud', async () => {
  await using folder = await stateFolder()
  for (const text of ['', '{', '{"version":2}']) {
    await writeFile(`${folder.path}/local.json`, text)
    expect(await readLocalState(folder.path)).toBeUndefined()
  }
})

test('given functions that were not built, when the cloud is started, then the error says what to do and nothing is left', async () => {
  await using folder = await stateFolder()
  await using empty = await temporaryFolder()
  const up = localUp({ stateDir: folder.path, strict: false, fsync: false, artefacts: empty.path })
  await expect(up).rejects.toMatchObject({ code: 'LOCAL_START_FAILED', hint: 'run `npm run build`' })
  expect(running(await folder.noted())).toEqual([])
  expect(existsSync(`${folder.path}/local.json`)).toBe(false)
})

test('given a server that cannot start, when the cloud is started, then the last lines of its log are shown and nothing is left', async () => {
  await using folder = await stateFolder()
  await mkdir(`${folder.path}/dynamodb`)
  await writeFile(
    `${folder.path}/dynamodb/dynamodb.sqlite`,
    'this is no database, and long enough to be read as one'.repeat(50),
  )
  const failure = await folder.up().then(
    () => undefined,
    (error: Error) => error,
  )
  expect(failure).toMatchObject({
    code: 'LOCAL_START_FAILED',
    message: expect.stringMatching(/not a valid SQLite database/),
  })
  expect(running(await folder.noted())).toEqual([])
})

const callUp = (stateDir: string): ChildProcess => {
  const options = JSON.stringify({ stateDir, strict: false, fsync: false, artefacts: artefacts.path })
  const source = `
    import { localUp } from ${JSON.stringify(new URL('../../scripts/local/daemon.ts', import.meta.url).href)}
    await localUp({ ...${options}, onProgress: (text) => console.log(text) })
    console.log('is up')`
  return spawn(process.execPath, ['--input-type=module', '--eval', source], { stdio: ['ignore', 'pipe', 'inherit'] })
}

test('given a caller that starts a cloud, when it ends, then the cloud goes on', async () => {
  await using folder = await stateFolder()
  const caller = callUp(folder.path)
  const [code] = await once(caller, 'exit')
  expect(code).toBe(0)
  const state = await readLocalState(folder.path)
  expect(running(state?.servers ?? [])).toEqual(['postgres', 'dynamodb'])
  // a group of its own, so that a terminal's Ctrl-C does not reach it
  const stat = await readFile(`/proc/${state?.daemon.pid}/stat`, 'utf8')
  expect(Number(stat.split(') ')[1]?.split(' ')[2])).toBe(state?.daemon.pid)
})

test('given a caller that is killed while its cloud starts, when nobody waits for it any more, then nothing is left', async () => {
  await using folder = await stateFolder()
  const caller = callUp(folder.path)
  await once(caller.stdout ?? caller, 'data')
  caller.kill('SIGKILL')
  await eventually(async () => {
    const text = await readFile(`${folder.path}/daemon.log`, 'utf8')
    return text.includes('stopping: the caller left') && text.endsWith('down\n')
  })
  await eventually(async () => running(await folder.noted()).length === 0)
  expect(await readLocalState(folder.path)).toBeUndefined()
})

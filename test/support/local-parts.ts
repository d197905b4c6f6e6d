import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { S3Client } from '@aws-sdk/client-s3'
import { type FunctionHost, openFunctionHost } from '../../scripts/local/function-host.ts'
import { clientFor, lambdaName } from '../../scripts/local/names.ts'
import type { ObjectVersion } from '../../scripts/local/object-journal.ts'
import { type ObjectStore, openObjectStore } from '../../scripts/local/object-store.ts'
import type { Uploader } from '../../scripts/local/s3-event.ts'
import { startS3Front } from '../../scripts/local/s3-front.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** The embedded cloud's S3 alone, with the bucket `b` and a real client. */
export interface LocalS3 extends AsyncDisposable {
  readonly client: S3Client
  readonly endpoint: string
  readonly store: ObjectStore
  /** What the front told of, in order. */
  readonly puts: readonly { readonly version: ObjectVersion; readonly uploader: Uploader }[]
}

export async function startLocalS3(dir?: string): Promise<LocalS3> {
  const stack = new AsyncDisposableStack()
  const path = dir ?? stack.use(await temporaryFolder()).path
  const store = await openObjectStore(path, { fsync: false })
  stack.defer(() => store.close())
  await store.createBucket('b')
  const puts: { version: ObjectVersion; uploader: Uploader }[] = []
  const front = await startS3Front({
    store,
    onPut: async (version, uploader) => {
      puts.push({ version, uploader })
    },
    log: (line) => process.stderr.write(`${line}\n`),
  })
  stack.defer(() => front.stop())
  const client = new S3Client(clientFor(front.endpoint))
  stack.defer(() => client.destroy())
  return { client, endpoint: front.endpoint, store, puts, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

/** Writes artefacts as the build would: `<dir>/<name>/index.mjs`. */
export async function writeArtefacts(dir: string, sources: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, source] of Object.entries(sources)) {
    await mkdir(join(dir, name), { recursive: true })
    await writeFile(join(dir, name, 'index.mjs'), source)
  }
  return dir
}

export interface LocalFunctions extends AsyncDisposable {
  readonly host: FunctionHost
  readonly dir: string
  /** Pids of the processes that were started, in order. */
  readonly started: readonly number[]
}

/** Hosts functions with these sources, each by its own name. */
export async function startLocalFunctions(
  sources: Readonly<Record<string, string>>,
  limits: { readonly timeoutMs?: number; readonly concurrency?: number; readonly idleMs?: number } = {},
): Promise<LocalFunctions> {
  const folder = await temporaryFolder()
  await writeArtefacts(folder.path, sources)
  const started: number[] = []
  const { timeoutMs = 30_000, concurrency = 5, idleMs = 60_000 } = limits
  const hosted = Object.keys(sources).map((name) => ({
    name: lambdaName(name),
    artefact: join(folder.path, name),
    timeoutMs,
    memoryMiB: 128,
    variables: { GREETING: 'hello' },
  }))
  const host = openFunctionHost(hosted, {
    logDir: join(folder.path, 'logs'),
    cacheDir: join(folder.path, 'cache'),
    concurrency,
    idleMs,
    onProcess: (_name, pid) => started.push(pid),
  })
  const dispose = async (): Promise<void> => {
    await host.stop()
    await folder[Symbol.asyncDispose]()
  }
  return { host, dir: folder.path, started, [Symbol.asyncDispose]: dispose }
}

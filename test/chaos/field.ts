import { appendFileSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildFunctions } from '../../scripts/build.ts'
import { startCloud } from '../../scripts/local/cloud.ts'
import { type TestCloud, testCloudOn } from '../support/e2e-cloud.ts'
import type { Choices } from '../support/seeded-choices.ts'
import { type Database, startDatabase } from './database.ts'
import type { Tally } from './tally.ts'

/** Where the faults happen: an embedded cloud on artefacts of its own, and a PostgreSQL server that is not the cloud's. */
export interface Field extends AsyncDisposable {
  readonly cloud: TestCloud
  readonly database: Database
  readonly choices: Choices
  readonly tally: Tally
  /** Aborted when the storm is over, for whatever reason. */
  readonly over: AbortSignal
  log(line: string): void
  /** Keeps the logs when the field is left. @returns where they are */
  keepLogs(): string
}

export interface FieldOptions {
  readonly choices: Choices
  readonly tally: Tally
  readonly over: AbortSignal
}

/**
 * As the front's own: one that dies before its first act leaves its message to the queue's visibility, which AWS wants to be as long
 * as the front's timeout.
 */
const visibilitySeconds = 60
/** Enough for each target's messages, and for waiting ones beside them. */
const concurrency = 9

/** Opens the field; targets have to be declared, since the cloud's own server is not theirs. */
export async function openField(options: FieldOptions): Promise<Field> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-chaos-'))
  await chmod(folder, 0o755)
  await using started = new AsyncDisposableStack()
  let keep = false
  started.defer(async () => {
    if (!keep) await rm(folder, { recursive: true, force: true })
  })
  const database = started.use(await startDatabase(folder))
  const artefacts = await buildFunctions(join(folder, 'functions'))
  const logFile = join(folder, 'chaos.log')
  const log = (line: string): void => appendFileSync(logFile, `${new Date().toISOString()} ${line}\n`)
  const stateDir = join(folder, 'cloud')
  const queue = { visibilitySeconds }
  const embedded = await startCloud({ stateDir, fsync: false, strict: true, artefacts, queue, concurrency, log })
  const stop = () => embedded.stop()
  const cloud = started.use(testCloudOn(embedded, { stop, beforeUpload: async () => undefined }))
  const all = started.move()
  return {
    ...options,
    cloud,
    database,
    log,
    keepLogs: () => {
      keep = true
      return folder
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'

const processIdentity = z.object({ pid: z.int(), startTime: z.string(), bootId: z.string() })

const localState = z.object({
  version: z.literal(1),
  /** The process that is the cloud. */
  daemon: processIdentity,
  /** Its servers that are processes of their own. */
  servers: z.array(processIdentity.extend({ name: z.string() })),
  strict: z.boolean(),
  endpoints: z.object({
    s3: z.string(),
    sqs: z.string(),
    dynamodb: z.string(),
    lambda: z.string(),
    eventbridge: z.string(),
  }),
  /** What the command line or an AWS SDK needs to use the cloud. */
  environment: z.record(z.string(), z.string()),
  /** The superuser's URL of the PostgreSQL server. */
  serverUrl: z.string(),
})

/** Where a running embedded cloud is: the content of `local.json` in its state folder. */
export type LocalState = Readonly<z.infer<typeof localState>>

/** Reads the state file; undefined when there is none, or one that this version can't read. */
export const loadLocalState = async (stateDir: string): Promise<LocalState | undefined> =>
  parse(await readFile(statePath(stateDir), 'utf8').catch(() => ''))

/** Writes the state, whole or not at all; it holds a password, so nobody else may read it. */
export async function writeLocalState(stateDir: string, state: LocalState): Promise<void> {
  const aside = `${statePath(stateDir)}.new`
  await writeFile(aside, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
  await rename(aside, statePath(stateDir))
}

/** Removes the state; idempotent. */
export const removeLocalState = (stateDir: string): Promise<void> => rm(statePath(stateDir), { force: true })

const statePath = (stateDir: string): string => join(stateDir, 'local.json')

const parse = (text: string): LocalState | undefined => {
  try {
    return localState.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

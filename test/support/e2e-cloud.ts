import { randomUUID } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packBundle } from '../../functions/adapters/bundle-writer.ts'
import { openFolder } from '../../functions/adapters/folder-history.ts'
import type { AuditEvent } from '../../functions/domain/audit.ts'
import { runIdOf } from '../../functions/domain/bundle-key.ts'
import type { FileSource } from '../../functions/domain/file-source.ts'
import { defaultLimits } from '../../functions/domain/limits.ts'
import { isFinal, type LedgerEntry, type RunRecord } from '../../functions/domain/records.ts'
import { isTargetName, type MigrationName, type RunId, type TargetName } from '../../functions/domain/types.ts'
import { type CliCloud, composeCli } from '../../functions/edge/compose-cli.ts'
import { bundleBucketOf, readCliConfig } from '../../functions/edge/config.ts'
import { type EmbeddedCloud, startCloud } from '../../scripts/local/cloud.ts'
import type { CloudOptions } from '../../scripts/local/cloud-plan.ts'

import { memoryFiles } from './memory-files.ts'
import { makeTokenLogin, tokensDemanded } from './token-login.ts'
import { until } from './until.ts'

/** A cloud for one test file, the embedded one unless told otherwise, spoken to as the command line does. */
export interface TestCloud<Cloud = EmbeddedCloud> extends AsyncDisposable {
  readonly cloud: Cloud
  readonly cli: CliCloud
  /** Uploads a history as a bundle; returns the run that the upload starts. */
  push(target: TargetName, files: FileSource | Readonly<Record<string, string>>): Promise<RunId>
  /** Uploads any bytes below the target's prefix. */
  upload(target: TargetName, bytes: Uint8Array): Promise<RunId>
  /** Waits until a run is over. */
  ended(target: TargetName, run: RunId, timeoutMs?: number): Promise<RunRecord>
  ledger(target: TargetName): Promise<readonly LedgerEntry[]>
  audit(target: TargetName): Promise<readonly AuditEvent[]>
}

export const targetName = (text: string): TargetName => {
  if (isTargetName(text)) return text
  throw new Error(`not a target name: ${text}`)
}

/** Makes a name that no target had before: a server that is not ours keeps what an interrupted run left. */
export const newTarget = (name: string): TargetName => targetName(`${name}-${randomUUID().slice(0, 8)}`)

/** Opens a folder of migrations as the command line does. */
export const folder = (path: string): Promise<FileSource> => openFolder(path, defaultLimits)

/** Starts a cloud of its own on the built artefacts; durability is off, since nobody misses a test's data. */
export async function startTestCloud(options: Omit<CloudOptions, 'stateDir'> = {}): Promise<TestCloud> {
  await using started = new AsyncDisposableStack()
  const stateDir = await mkdtemp(join(tmpdir(), 'lockstep-e2e-'))
  started.defer(() => rm(stateDir, { recursive: true, force: true }))
  await chmod(stateDir, 0o755)
  const login = tokensDemanded() ? started.use(makeTokenLogin()) : undefined
  const fronted = login === undefined ? {} : { frontPostgres: login.before }
  const cloud = await startCloud({ fsync: false, ...fronted, ...options, stateDir })
  started.defer(() => cloud.stop())
  const all = started.move()
  return testCloudOn(cloud, { stop: () => all.disposeAsync(), beforeUpload: async () => undefined })
}

interface CloudHooks {
  beforeUpload(target: TargetName): Promise<void>
  stop(): Promise<void>
}

/** Speaks to a cloud that runs already; this process's environment is the caller's from then on. */
export function testCloudOn<Cloud extends Pick<EmbeddedCloud, 'environment'>>(
  cloud: Cloud,
  { beforeUpload, stop }: CloudHooks,
): TestCloud<Cloud> {
  const environment = cloud.environment()
  Object.assign(process.env, environment)
  const config = readCliConfig(environment)
  const cli = composeCli(config)

  const upload = async (target: TargetName, bytes: Uint8Array): Promise<RunId> => {
    await beforeUpload(target)
    const key = `bundles/${target}/${randomUUID()}.zip`
    return runIdOf(await cli.bundles.put({ bucket: bundleBucketOf(config), key, bytes }))
  }

  return {
    cloud,
    cli,
    upload,
    push: async (target, files) => {
      const source =
        'readText' in files ? (files as FileSource) : memoryFiles(files as Readonly<Record<string, string>>)
      return await upload(target, await packBundle(source, {}))
    },
    ended: (target, run, timeoutMs = 120_000) =>
      until(async () => {
        const answer = await cli.status({ target, run }).catch(() => undefined)
        const found = answer?.runs[0]
        return found !== undefined && isFinal(found.state) ? found : undefined
      }, timeoutMs),
    ledger: async (target) => {
      const entries: LedgerEntry[] = []
      for (let after: MigrationName | '' = ''; ; after = entries.at(-1)?.migration ?? '') {
        const page = (await cli.status({ target, ledgerAfter: after })).ledger
        if (page.length === 0) return entries
        entries.push(...page)
      }
    },
    audit: async (target) => {
      const events: AuditEvent[] = []
      for (;;) {
        const page = (await cli.status({ target, eventsAfter: events.length })).events
        if (page.length === 0) return events
        events.push(...page)
      }
    },
    [Symbol.asyncDispose]: stop,
  }
}

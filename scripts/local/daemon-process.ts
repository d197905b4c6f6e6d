/** The entry of the background process that is an embedded cloud. */
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { LockstepError, toFailure } from '../../functions/domain/errors.ts'
import { type EmbeddedCloud, startCloud } from './cloud.ts'
import type { ServerProcess } from './cloud-servers.ts'
import { type DaemonMessage, type DaemonOptions, daemonOptions, optionsVariable } from './daemon-messages.ts'
import { identifyProcess, type ProcessIdentity } from './process-identity.ts'
import { clearJournal, endOrphans, openJournal } from './process-journal.ts'
import { type LocalState, removeLocalState, writeLocalState } from './state.ts'
import { holdStateDir } from './state-hold.ts'

const options = daemonOptions.parse(JSON.parse(process.env[optionsVariable] ?? ''))
const asked = Promise.withResolvers<string>()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => asked.resolve(`got ${signal}`))
// whoever started us left before it heard that we are up: nobody would know of us
const callerLeft = (): void => asked.resolve('the caller left')
process.once('disconnect', callerLeft)

if (await holdStateDir(options.stateDir)) await serve(options)
else await tell({ kind: 'busy' })
process.exit()

async function serve({ stateDir }: DaemonOptions): Promise<void> {
  try {
    const orphans = await endOrphans(stateDir)
    if (orphans.length > 0) log(`ended what an earlier cloud left: ${orphans.join(', ')}`)
    openJournal(stateDir).note('daemon', process.pid, 'SIGTERM')
    await keepOldLogs(stateDir)
    const cloud = await startCloud({
      ...options,
      warm: true,
      log,
      onProgress: (text) => void tell({ kind: 'progress', text }),
    })
    await writeLocalState(stateDir, describe(cloud))
    process.off('disconnect', callerLeft)
    await tell({ kind: 'up' })
    log('up')
    // a cloud without one of its servers is none: the next command is told so, and the next `up` starts a whole one
    log(`stopping: ${await Promise.race([asked.promise, ...cloud.servers.map(lost)])}`)
    await removeLocalState(stateDir)
    await cloud.stop()
    log('down')
  } catch (thrown) {
    log(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown))
    process.exitCode = 1
    await removeLocalState(stateDir)
    const { code, message, hint } = toFailure(thrown)
    await tell({ kind: 'failed', code, message, hint })
  }
  clearJournal(stateDir)
}

async function keepOldLogs(stateDir: string): Promise<void> {
  const logs = join(stateDir, 'logs')
  await rm(`${logs}.previous`, { recursive: true, force: true })
  await rename(logs, `${logs}.previous`).catch(() => undefined)
}

function describe(cloud: EmbeddedCloud): LocalState {
  return {
    version: 1,
    daemon: identity(process.pid),
    servers: cloud.servers.map(({ name, pid }) => ({ name, ...identity(pid) })),
    strict: options.strict,
    endpoints: cloud.endpoints,
    environment: cloud.environment(),
    serverUrl: cloud.serverUrl,
  }
}

function identity(pid: number): ProcessIdentity {
  const found = identifyProcess(pid)
  if (found === undefined) throw new LockstepError('LOCAL_START_FAILED', `process ${pid} ended right after its start`)
  return found
}

async function lost({ name, ended }: ServerProcess): Promise<string> {
  await ended
  return `${name} has ended, see logs/${name}.log`
}

/** Never throws: the caller may have left. */
async function tell(message: DaemonMessage): Promise<void> {
  await new Promise<void>((resolve) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => resolve())
    else resolve()
  })
}

function log(line: string): void {
  process.stdout.write(`${new Date().toISOString()} ${line}\n`)
}

import { openBundle } from '../../functions/adapters/bundle-reader.ts'
import { packBundle } from '../../functions/adapters/bundle-writer.ts'
import { loadSqlParser } from '../../functions/adapters/libpg-parser.ts'
import type { Bundle } from '../../functions/domain/bundle.ts'
import type { SqlParser } from '../../functions/domain/sql-parser.ts'
import { countingRandom } from './counting-random.ts'
import { controlEvidence } from './crash-evidence.ts'
import type { CrashWorld, Story } from './crash-world.ts'
import { memoryBundleStore } from './memory-bundle-store.ts'
import { memoryControl } from './memory-control.ts'
import { memoryDatabase } from './memory-database.ts'
import { memoryFiles } from './memory-files.ts'
import { targetSettings } from './target-settings.ts'
import { virtualClock } from './virtual-clock.ts'

const parse = await loadSqlParser()
const declared = targetSettings('shop')

interface Packed {
  readonly bytes: Uint8Array
  readonly bundle: Bundle
}

/** Packed and read once for all worlds: reading a zip takes turns of the event loop, in which virtual time would move. */
const packed = new Map<string, Promise<Packed>>()
const pack = (texts: Readonly<Record<string, string>>): Promise<Packed> => {
  const key = JSON.stringify(texts)
  const known = packed.get(key) ?? packAndOpen(texts)
  packed.set(key, known)
  return known
}
const packAndOpen = async (texts: Readonly<Record<string, string>>): Promise<Packed> => {
  const bytes = await packBundle(memoryFiles(texts), {})
  return { bytes, bundle: await openBundle(bytes, declared.limits) }
}

const parsed = new Map<string, ReturnType<SqlParser>>()
const parseOnce: SqlParser = (text) => {
  const known = parsed.get(text) ?? parse(text)
  parsed.set(text, known)
  return known
}

/** Makes a world in memory and in virtual time, in which every call of a story comes in the same place each time. */
export function memoryCrashWorld({ leaseMs = declared.leaseMs }: Pick<Story, 'leaseMs'>): CrashWorld {
  const settings = { ...declared, leaseMs, heartbeatMs: leaseMs / 4 }
  const { target } = settings
  const clock = virtualClock()
  const control = memoryControl(clock)
  const database = memoryDatabase(clock)
  const bundles = memoryBundleStore()
  const opened = new Map<Uint8Array, Bundle>()
  control.records(target).settings = settings
  const data = () => database.data(settings.connection.database)
  const open = () => database.sessions(settings.connection.database)
  let uploads = 0

  return {
    target,
    longestWaitMs: Number.POSITIVE_INFINITY,
    ports: {
      ...{ bundles, control, database, clock, parse: parseOnce, random: countingRandom() },
      openBundle: async (bytes) => opened.get(bytes) ?? openBundle(bytes, settings.limits),
      log: { info: () => undefined, warn: () => undefined },
    },
    async upload(texts) {
      const { bytes, bundle } = await pack(texts)
      opened.set(bytes, bundle)
      uploads += 1
      return await bundles.put({ bucket: 'bundles', key: `bundles/${target}/${uploads}.zip`, bytes })
    },
    end(connection, how) {
      if (!('leave' in connection && typeof connection.leave === 'function' && 'backend' in connection)) return
      const { pid } = connection.backend as { readonly pid: number }
      if (how === 'reset') database.kill(open().filter((session) => session.pid === pid))
      connection.leave()
    },
    async evidence(runs) {
      const { receipts, applied, progress, ran } = data()
      return {
        ...(await controlEvidence(control, target, { runs, receipts })),
        effects: ran.filter((sql, index) => !isRepeatable(sql) || ran.indexOf(sql) === index),
        applied: [...applied.values()].map(({ migration, checksum }) => `${migration} ${checksum}`),
        progress: progress.length,
        sessions: open().length,
      }
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
}

/** What is harmless to run again may be run again. */
const isRepeatable = (sql: string): boolean => /^\s*vacuum/i.test(sql)

import { countingRandom } from './counting-random.ts'
import { openedBefore, packOnce, parseOnce } from './crash-bundles.ts'
import { controlEvidence } from './crash-evidence.ts'
import type { CrashWorld, Story } from './crash-world.ts'
import { memoryBundleStore } from './memory-bundle-store.ts'
import { memoryControl } from './memory-control.ts'
import { memoryDatabase } from './memory-database.ts'
import { targetSettings } from './target-settings.ts'
import { virtualClock } from './virtual-clock.ts'

const declared = targetSettings('shop')

/** Makes a world in memory and in virtual time, in which every call of a story comes in the same place each time. */
export function memoryCrashWorld({ leaseMs = declared.leaseMs }: Pick<Story, 'leaseMs'>): CrashWorld {
  const settings = { ...declared, leaseMs, heartbeatMs: leaseMs / 4 }
  const { target } = settings
  const clock = virtualClock()
  const control = memoryControl(clock)
  const database = memoryDatabase(clock)
  const bundles = memoryBundleStore()
  control.records(target).settings = settings
  const data = () => database.data(settings.connection.database)
  const open = () => database.sessions(settings.connection.database)
  let uploads = 0

  return {
    target,
    longestWaitMs: Number.POSITIVE_INFINITY,
    ports: {
      ...{ bundles, control, database, clock, parse: parseOnce, openBundle: openedBefore, random: countingRandom() },
      log: { info: () => undefined, warn: () => undefined },
      observe: () => undefined,
    },
    async upload(texts) {
      uploads += 1
      const bytes = await packOnce(texts)
      return await bundles.put({ bucket: 'bundles', key: `bundles/${target}/${uploads}.zip`, bytes })
    },
    end(connection, how) {
      if (!('leave' in connection && typeof connection.leave === 'function' && 'backend' in connection)) return
      const { pid } = connection.backend as { readonly pid: number }
      if (how === 'reset') database.kill(open().filter((session) => session.pid === pid))
      connection.leave()
    },
    async evidence(runs) {
      const { receipts, applied, progress } = data()
      const ran = data().ran.map(({ sql }) => sql)
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

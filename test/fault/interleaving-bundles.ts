import { openBundle } from '../../functions/adapters/bundle-reader.ts'
import { packBundle } from '../../functions/adapters/bundle-writer.ts'
import type { Bundle } from '../../functions/domain/bundle.ts'
import { type MigrationName, migrationName } from '../../functions/domain/types.ts'
import { memoryFiles } from '../support/memory-files.ts'
import { targetSettings } from '../support/target-settings.ts'

/** What is pushed: bytes that were opened before, since reading a zip takes turns of the event loop. */
export interface Pushable {
  readonly title: string
  readonly bytes: Uint8Array
  readonly opened: Bundle
  /** In byte order. */
  readonly migrations: readonly MigrationName[]
  /** True when it releases everything that was rolled back. */
  readonly releases: boolean
}

/** Every text names its migration (`m1` …), so that what failed can be found among what ran. */
const history: Readonly<Record<string, { readonly up: string; readonly down: string }>> = {
  '1_m1': { up: 'create table m1 (id int);', down: 'drop table m1;' },
  '2_m2': { up: 'create table m2 (id int); -- takes: 4000', down: 'drop table m2; -- takes: 3000' },
  '3_m3': {
    up: [
      '-- lockstep:transaction=none',
      'create index concurrently m3_i on m1 (id) -- takes: 45000',
      ';',
      'create index concurrently m3_j on m1 (id) -- leaves: invalid',
      '-- lock_timeout: 1',
      ';',
    ].join('\n'),
    down: [
      '-- lockstep:transaction=none',
      'drop index concurrently m3_j -- takes: 20000',
      ';',
      'drop index concurrently m3_i -- lock_timeout: 1',
      ';',
    ].join('\n'),
  },
  '4_m4': { up: 'create table m4 (id int); -- lock_timeout: 2', down: 'drop table m4; -- lock_timeout: 1' },
  '5_m5': {
    up: ['-- lockstep:transaction=file', 'create table m5 (id int);', 'create table m5_b (id int);'].join('\n'),
    down: ['-- lockstep:transaction=file', 'drop table m5_b;', 'drop table m5; -- takes: 5000'].join('\n'),
  },
  '6_m6': { up: 'create table m6 (id int); -- takes: 9000', down: 'drop table m6; -- takes: 6000' },
}

const names = Object.keys(history).map(migrationName)
const broken = 'create table m4 (id int); -- fails: 42P07'

/** Growing bundles, one of which has a migration that fails. */
export interface Pushables {
  readonly growing: readonly Pushable[]
  readonly failing: Pushable
  /** The whole history, and the release of all that was rolled back: with it a target comes to its end. */
  readonly last: Pushable
}

/** Packs and opens the bundles once for all seeds. */
export async function makePushables(): Promise<Pushables> {
  const growing = await Promise.all([2, 3, 5, 6].map((count) => pushable(`first ${count}`, { count })))
  return {
    growing,
    failing: await pushable('first 5, 4_m4 fails', { count: 5, texts: { '4_m4': broken } }),
    last: await pushable('all, released', { count: names.length, reapply: names }),
  }
}

interface Contents {
  readonly count: number
  readonly texts?: Readonly<Record<string, string>>
  readonly reapply?: readonly MigrationName[]
}

async function pushable(title: string, { count, texts = {}, reapply = [] }: Contents): Promise<Pushable> {
  const migrations = names.slice(0, count)
  const files = Object.fromEntries(
    migrations.flatMap((name) => [
      [`${name}/migration.sql`, texts[name] ?? history[name]?.up ?? ''],
      [`${name}/down.sql`, history[name]?.down ?? ''],
    ]),
  )
  const bytes = await packBundle(memoryFiles(files), { reapply })
  const opened = await openBundle(bytes, targetSettings('shop').limits)
  return { title, bytes, opened, migrations, releases: reapply.length > 0 }
}

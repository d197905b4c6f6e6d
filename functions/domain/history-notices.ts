import type { Migration } from './migration.ts'
import { listNames } from './names.ts'
import type { Notice } from './types.ts'

/** A SQL file that no rule reads, and why. */
export interface UnreadFile {
  readonly path: string
  readonly why: string
}

interface NoticeInput {
  /** In order. */
  readonly migrations: readonly Migration[]
  readonly unread: readonly UnreadFile[]
  /** True when Prisma's `migration_lock.toml` is there. */
  readonly locked: boolean
}

/**
 * Says what may surprise people in a history that is sound: NAME_WITHOUT_VERSION, VERSION_LENGTH, LOOSE_FILE, NO_DOWN,
 * FILE_NOT_READ. It stops nothing.
 */
export function noticesOf(input: NoticeInput): readonly Notice[] {
  const { migrations, unread } = input
  return [
    ...migrations.filter((migration) => versionLength(migration) === 0).map(nameWithoutVersion),
    ...versionLengths(migrations),
    ...looseFiles(input),
    ...withoutDown(migrations),
    ...unread.map(({ path, why }) => ({ code: 'FILE_NOT_READ', message: `${path} is not read: ${why}` })),
  ]
}

/** Leading digits of a name. */
const versionLength = ({ name }: Migration): number => /^\d*/.exec(name)?.[0].length ?? 0

const nameWithoutVersion = ({ name }: Migration): Notice => ({
  code: 'NAME_WITHOUT_VERSION',
  message: `${name} does not begin with digits: names sort by their bytes, so letters come after every version`,
  migration: name,
})

/** Names whose version is shorter or longer than a neighbour's, unless theirs is the history's usual length. */
const versionLengths = (migrations: readonly Migration[]): readonly Notice[] => {
  const versioned = migrations.filter((migration) => versionLength(migration) > 0)
  const usual = mostFrequent(versioned.map(versionLength))
  return versioned.flatMap((migration, index) => {
    const length = versionLength(migration)
    const neighbours = [versioned[index - 1], versioned[index + 1]].filter((other) => other !== undefined)
    const other = neighbours.find((neighbour) => versionLength(neighbour) !== length)
    return length === usual || other === undefined ? [] : [unusualLength(migration, other)]
  })
}

const unusualLength = (migration: Migration, neighbour: Migration): Notice => ({
  code: 'VERSION_LENGTH',
  message: `${migration.name} begins with ${versionLength(migration)} digits, its neighbour ${neighbour.name} with ${versionLength(neighbour)}: names sort by their bytes, not by their dates`,
  migration: migration.name,
})

const mostFrequent = (values: readonly number[]): number | undefined => {
  const counts = new Map<number, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0]
}

/** Only where Prisma is in use: a history of loose files alone is a style of its own. */
const looseFiles = ({ migrations, locked }: NoticeInput): readonly Notice[] => {
  if (!locked && migrations.every(({ form }) => form === 'loose')) return []
  return migrations
    .filter(({ form }) => form === 'loose')
    .map(({ name, up }) => ({
      code: 'LOOSE_FILE',
      message: `${up.path} is a loose file: Lockstep runs it in its order, Prisma does not see it`,
      migration: name,
    }))
}

const withoutDown = (migrations: readonly Migration[]): readonly Notice[] => {
  const names = migrations.filter(({ down }) => down === undefined).map(({ name }) => name)
  if (names.length === 0) return []
  const message = `${names.length} of ${migrations.length} migrations have no down script: ${listNames(names)}`
  return [{ code: 'NO_DOWN', message }]
}

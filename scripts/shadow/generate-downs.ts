import { compileStep } from '../../functions/domain/compile-step.ts'
import type { Failure } from '../../functions/domain/errors.ts'
import type { Migration } from '../../functions/domain/migration.ts'
import type { StepSource } from '../../functions/domain/step-source.ts'
import type { MigrationName } from '../../functions/domain/types.ts'
import { readCatalog } from './catalog.ts'
import { downText, withDown } from './generated-down.ts'
import { renamesOf, withoutRenames } from './reverse-renames.ts'
import type { SchemaDiffer, SchemaReading } from './schema-differ.ts'
import { type HistoryParts, openScratchHistory, type ScratchHistory } from './scratch-history.ts'
import { applyOnly, tryWayBack } from './try-way-back.ts'
import { notesOf, statementsOf } from './way-back-notes.ts'
import { makeWorkable } from './workable-statements.ts'

export interface GenerateOptions extends HistoryParts {
  readonly differ: SchemaDiffer
  readonly migrations: readonly Migration[]
  /** Those that want a way back. */
  readonly wanted: ReadonlySet<MigrationName>
  /** Rows a table, to try each way back with. */
  readonly rows: number
  /** Told before each migration, of how many were done. */
  onStart(migration: Migration, done: number): void
  onGenerated(migration: Migration, generated: Generated): Promise<void>
}

/** A way back that gives the schema back; or why there is none. */
export type Generated =
  | { readonly kind: 'down'; readonly text: string; readonly certificate: string; readonly notes: readonly string[] }
  | NotGenerated

interface NotGenerated {
  readonly kind: 'none'
  readonly reason: string
}

/**
 * Applies a history to two empty databases: in one the schemas before and after are read, in the other each planned way back is tried,
 * with rows in the tables, before it is told.
 *
 * @returns why a migration can't be applied at all; what comes after it then gets no way back
 */
export async function generateDowns(options: GenerateOptions): Promise<Failure | undefined> {
  await using read = await openScratchHistory(options)
  await using tried = await openScratchHistory(options)
  const moments: Moments = {}
  const last = options.migrations.findLastIndex(({ name }) => options.wanted.has(name))
  for (const [index, migration] of options.migrations.slice(0, last + 1).entries()) {
    options.onStart(migration, index)
    const failure = options.wanted.has(migration.name)
      ? await generate(options, { read, tried, moments, migration, index })
      : await applyToBoth(options, { read, tried, moments, migration, index })
    if (failure !== undefined) return failure
  }
  return undefined
}

interface Wanted {
  readonly read: ScratchHistory
  readonly tried: ScratchHistory
  readonly moments: Moments
  readonly migration: Migration
  readonly index: number
}

/** Reading a schema takes longer than changing it: the moment after one migration is the one before the next. */
interface Moments {
  last?: Moment
}

const applyToBoth = async ({ migrations }: GenerateOptions, wanted: Wanted): Promise<Failure | undefined> => {
  const { read, tried, moments, migration, index } = wanted
  delete moments.last
  const source = read.compile(migration)
  const there = await read.target.up(source)
  return there.failure ?? (await applyOnly(tried, { migrations, index, source }))
}

const generate = async (options: GenerateOptions, wanted: Wanted): Promise<Failure | undefined> => {
  const { read, tried, moments, migration, index } = wanted
  const source = read.compile(migration)
  const before = moments.last ?? (await look(options.differ, read))
  const there = await read.target.up(source)
  if (there.failure !== undefined) return there.failure
  const after = await look(options.differ, read)
  moments.last = after
  const planned = await plan(options, { read, source, before, after })
  const generated = 'reason' in planned ? planned : await tryPlanned(options, { ...wanted, ...planned })
  if ('code' in generated) return generated
  if ('reason' in planned) {
    const failure = await applyOnly(tried, { migrations: options.migrations, index, source })
    if (failure !== undefined) return failure
  }
  await options.onGenerated(migration, generated)
  return undefined
}

interface Moment {
  readonly schema: SchemaReading
  readonly catalog: Awaited<ReturnType<typeof readCatalog>>
}

const look = async (differ: SchemaDiffer, { database, target }: ScratchHistory): Promise<Moment> => ({
  schema: await differ.read(database),
  catalog: await readCatalog(target.client),
})

interface Planned {
  readonly statements: readonly string[]
  readonly notes: readonly string[]
}

interface Planning {
  readonly read: ScratchHistory
  readonly source: StepSource
  readonly before: Moment
  readonly after: Moment
}

const plan = async (
  { differ, parse }: GenerateOptions,
  { read, source, before, after }: Planning,
): Promise<Planned | NotGenerated> => {
  const unknown = after.schema.unknown.filter((kind) => !before.schema.unknown.includes(kind))
  if (unknown.length > 0) return { kind: 'none', reason: `it makes what can't be compared: ${unknown.join(', ')}` }
  const up = statementsOf(source, parse)
  const renames = renamesOf(up)
  if (renames === undefined) return { kind: 'none', reason: "it renames something that can't be named back" }
  try {
    const { database, target } = read
    const unrenamed =
      renames.length === 0 ? after.schema : await withoutRenames(target.client, renames, () => differ.read(database))
    const owner = decodeURIComponent(new URL(database.url).username)
    const workable = makeWorkable(unrenamed.statementsTo(before.schema), owner)
    const statements = [...renames.map(({ back }) => back), ...workable.statements]
    if (statements.length === 0)
      return { kind: 'none', reason: 'it changes no schema, and what it does to rows no schema tells' }
    const down = statementsOf({ ...source, text: statements.join(';\n') }, parse)
    const notes = notesOf({ up, upText: source.text, down, before: before.catalog, after: after.catalog })
    return { statements, notes: [...notes, ...workable.notes] }
  } catch (thrown) {
    return { kind: 'none', reason: `it can't be planned: ${reasonOf(thrown)}` }
  }
}

const reasonOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))

const tryPlanned = async (
  { files, parse, migrations, rows }: GenerateOptions,
  { tried: scratch, migration, index, statements, notes }: Wanted & Planned,
): Promise<Generated | Failure> => {
  const draft = withDown(migration, files, downText(statements, 'not yet', notes))
  const source = compileStep(draft.migration, draft.files, parse)
  const tried = await tryWayBack(scratch, { migrations, index, source, rows })
  if ('failure' in tried) return tried.failure
  if (!tried.worksWithFewerRows) return { kind: 'none', reason: `the generated script does not work: ${tried.text}` }
  const remarks = [...notes, ...tried.notes]
  return { kind: 'down', text: downText(statements, tried.text, remarks), certificate: tried.text, notes: remarks }
}

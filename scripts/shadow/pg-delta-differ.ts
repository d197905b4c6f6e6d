import type { FactBase, Plan } from '@supabase/pg-delta'
import pg from 'pg'
import { LockstepError } from '../../functions/domain/errors.ts'
import type { SchemaDiffer, SchemaReading } from './schema-differ.ts'
import type { ScratchDatabase } from './scratch-database.ts'

type Library = typeof import('@supabase/pg-delta')

/**
 * Plans with `@supabase/pg-delta`, which is loaded only now.
 *
 * @throws LockstepError LOCAL_UNSUPPORTED where development dependencies were left out
 */
export async function loadPgDelta(): Promise<SchemaDiffer> {
  const library = await import('@supabase/pg-delta').catch((cause: unknown) => {
    const message = 'the development dependency @supabase/pg-delta is not installed'
    throw new LockstepError('LOCAL_UNSUPPORTED', message, { hint: 'run `npm ci` without --omit=dev', cause })
  })
  return { read: (database) => readSchema(library, database) }
}

/** What the library knows of a reading, by our reading of it. */
const facts = new WeakMap<SchemaReading, Facts>()

interface Facts {
  readonly base: FactBase
  readonly owner: string
}

const readSchema = async (library: Library, { url }: ScratchDatabase): Promise<SchemaReading> => {
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  // a database that is dropped below an idle connection is no news
  pool.on('error', () => {})
  try {
    const { factBase, diagnostics } = await library.extract(pool)
    const reading: SchemaReading = {
      unknown: diagnostics.filter(({ code }) => code === 'unmodeled_kind').map(({ message }) => unknownKind(message)),
      statementsTo: (other) => statementsBetween(library, reading, other),
    }
    facts.set(reading, { base: factBase, owner: decodeURIComponent(new URL(url).username) })
    return reading
  } finally {
    await pool.end()
  }
}

/** `1 unmodeled "statistics object" object not managed by …` → `1 statistics object`. */
const unknownKind = (message: string): string => message.replace(/^(\d+) unmodeled "(.*?)".*$/, '$1 $2')

const ours = ['lockstep', 'lockstep_kept']
/** Whatever lies in our schemas, and what is said of it. */
const policy = {
  id: 'lockstep',
  filter: [
    { match: { schema: ours }, action: 'exclude' as const },
    { match: { target: { schema: ours } }, action: 'exclude' as const },
    { match: { all: [{ kind: 'schema' }, { name: ours }] }, action: 'exclude' as const },
  ],
}

const statementsBetween = (library: Library, from: SchemaReading, to: SchemaReading): readonly string[] => {
  const [source, desired] = [facts.get(from), facts.get(to)]
  if (source === undefined || desired === undefined) throw new LockstepError('INTERNAL', 'a reading of another differ')
  const assumedRoles = source.base.facts().flatMap(({ id }) => (id.kind === 'role' ? [id.name] : []))
  // Roles are the server's, not the database's; what the migrating role owns belongs to it without a word.
  const options = { policy, assumedRoles, scope: 'database' as const, defaultOwner: source.owner }
  const plan = library.plan(source.base, desired.base, options)
  return [...preambleOf(plan), ...plan.actions.map(({ sql }) => sql)]
}

/** A function may call what is made after it. */
const preambleOf = ({ preamble, actions }: Plan): readonly string[] =>
  actions.some(({ sql }) => /^create (or replace )?(function|procedure)/i.test(sql))
    ? preamble.filter(({ name }) => name === 'check_function_bodies').map(({ name, value }) => `SET ${name} = ${value}`)
    : []

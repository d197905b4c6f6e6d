import { loadSqlParser } from '../../functions/adapters/libpg-parser.ts'
import { type Failure, LockstepError, toFailure } from '../../functions/domain/errors.ts'
import type { Migration } from '../../functions/domain/migration.ts'
import {
  type CertificateEntries,
  type CertificateEntry,
  certifiedDigest,
  readCertificatesFile,
  writeCertificatesFile,
} from '../cli/certificates-file.ts'
import { type CheckReport, checkHistory, placeInFolder, refusedSummary } from '../cli/check-history.ts'
import type { Context, Outcome } from '../cli/command.ts'
import { type HistoryInput, openHistory } from '../cli/history-input.ts'
import type { Output } from '../cli/output.ts'
import { showPath } from '../cli/paths.ts'
import { withShadow } from '../cli/shadow-work.ts'
import { count } from '../cli/units.ts'
import { certifyHistory } from '../shadow/certify-history.ts'
import type { RoundTrip } from '../shadow/round-trip.ts'
import type { Unfilled } from '../shadow/seed.ts'

interface CertifyInput {
  readonly path: string
  readonly shadowUrl?: string
  /** Rows that each table is given. */
  readonly rows: number
}

/**
 * Applies each migration with a way back, takes it back and applies it again, on a throwaway database with a few rows in each table,
 * and writes what came of it to `lockstep.certificates.json` beside the history.
 *
 * @throws LockstepError PATH_NOT_FOUND, USAGE, DOWN_MISSING, SHADOW_UNREACHABLE, LOCAL_UNSUPPORTED, CERTIFICATE_INVALID, INTERRUPTED,
 *   and what the history is refused for
 */
export async function certify({ output, cwd }: Context, { path, shadowUrl, rows }: CertifyInput): Promise<Outcome> {
  const input = await openHistory(path, cwd)
  if (input.kind === 'zip') throw new LockstepError('USAGE', `${path} is a bundle`, { hint: 'give the folder' })
  const report = await checkHistory(input, cwd)
  if (report.failures.length > 0) return refused(report, output)
  refuseWithoutDowns(report)
  const known = await readCertificatesFile(input.path)
  const trips = new Map<Migration, RoundTrip>()
  const failure = await tryAll({ output, input, report, shadowUrl, rows, trips })
  const entries = entriesOf(report.migrations, trips, known)
  const file = await writeCertificatesFile(input.path, entries)
  output.line(`${output.paint('green', '✓')} ${showPath(file, cwd)}: ${summary(trips)}`)
  const failures = failure === undefined ? [] : [placeInFolder(failure, input, cwd)]
  return {
    document: { file, migrations: [...trips].map(([{ name }, trip]) => ({ migration: name, ...documentOf(trip) })) },
    failures: [...failures, ...[...trips].flatMap(([migration, trip]) => broken(migration, trip))],
  }
}

const refused = (report: CheckReport, output: Output): Outcome => ({
  document: { notices: report.notices, errors: report.failures },
  failures: report.failures,
  closing: `${refusedSummary(report, output)}; nothing was certified`,
})

const refuseWithoutDowns = ({ migrations, irreversible }: CheckReport): void => {
  if (migrations.some(({ down }) => down !== undefined)) return
  const names = migrations.map(({ name }) => name).filter((name) => !irreversible.includes(name))
  throw new LockstepError('DOWN_MISSING', `none of ${count(migrations.length, 'migration')} has a down script`, {
    names,
  })
}

interface Work {
  readonly output: Output
  readonly input: HistoryInput
  readonly report: CheckReport
  readonly shadowUrl: string | undefined
  readonly rows: number
  readonly trips: Map<Migration, RoundTrip>
}

const tryAll = async ({ output, input, report, shadowUrl, rows, trips }: Work): Promise<Failure | undefined> => {
  const parse = await loadSqlParser()
  const { migrations } = report
  const told = new Set<string>()
  // a table that can't be filled can't be filled before each later migration either
  const isNew = ({ table }: Unfilled): boolean => !told.has(table) && told.add(table).has(table)
  return await withShadow({
    output,
    shadowUrl,
    act: (shadow, { say, above }) =>
      certifyHistory({
        ...{ shadow, parse, migrations, files: input.bundle, rows },
        onStart: ({ name }, done) => say(`${done + 1} of ${migrations.length}: ${name}`),
        onCertified: (migration, trip) => {
          trips.set(migration, trip)
          for (const line of tripLines(migration, { ...trip, unfilled: trip.unfilled.filter(isNew) }, output))
            above(line)
        },
      }),
  })
}

const tripLines = ({ name }: Migration, { text, reversible, unfilled, notes }: RoundTrip, output: Output): string[] => [
  `${reversible ? output.paint('green', '✓') : output.paint('red', '✗')} ${name}: ${text}`,
  ...unfilled.map(({ table, reason }) => output.paint('dim', `  ${table} could not be filled: ${reason}`)),
  ...notes.map((note) => output.paint('dim', `  ${note}`)),
]

/** What was found now; what was found earlier stays where it still holds and nothing new was found. */
const entriesOf = (
  migrations: readonly Migration[],
  trips: ReadonlyMap<Migration, RoundTrip>,
  known: CertificateEntries,
): CertificateEntries => {
  const entries: Record<string, CertificateEntry> = {}
  for (const migration of migrations) {
    const digest = certifiedDigest(migration)
    const trip = trips.get(migration)
    const earlier = Object.hasOwn(known, migration.name) ? known[migration.name] : undefined
    if (trip !== undefined) entries[migration.name] = { digest, text: trip.text }
    else if (earlier?.digest === digest) entries[migration.name] = earlier
  }
  return entries
}

const summary = (trips: ReadonlyMap<Migration, RoundTrip>): string => {
  const all = [...trips.values()]
  const reversible = all.filter((trip) => trip.reversible)
  const losing = reversible.filter(({ text }) => text !== 'reversible')
  return `${reversible.length} of ${count(all.length, 'way back', 'ways back')} work, ${losing.length} with a loss`
}

const documentOf = ({ text, unfilled, notes }: RoundTrip) => ({ certificate: text, unfilled, notes })

const broken = ({ name }: Migration, { text, reversible }: RoundTrip): readonly Failure[] =>
  reversible ? [] : [toFailure(new LockstepError('WAY_BACK_BROKEN', `${name} is ${text}`, { migration: name }))]

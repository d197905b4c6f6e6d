import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadSqlParser } from '../../functions/adapters/libpg-parser.ts'
import { type Failure, LockstepError, toFailure } from '../../functions/domain/errors.ts'
import type { Migration } from '../../functions/domain/migration.ts'
import type { MigrationName } from '../../functions/domain/types.ts'
import { type CheckReport, checkHistory, placeInFolder, refusedSummary } from '../cli/check-history.ts'
import type { Context, Outcome } from '../cli/command.ts'
import { type HistoryInput, openHistory } from '../cli/history-input.ts'
import type { Output } from '../cli/output.ts'
import { showPath } from '../cli/paths.ts'
import { withShadow } from '../cli/shadow-work.ts'
import { count } from '../cli/units.ts'
import { type Generated, generateDowns } from '../shadow/generate-downs.ts'
import { downPathOf } from '../shadow/generated-down.ts'
import { loadPgDelta } from '../shadow/pg-delta-differ.ts'

interface GenerateDownInput {
  readonly path: string
  readonly migration?: string
  readonly shadowUrl?: string
}

/** What became of one migration. */
interface Result {
  readonly migration: MigrationName
  readonly file?: string
  readonly certificate?: string
  readonly notes?: readonly string[]
  readonly reason?: string
}

/** Rows that each way back is tried with. */
const rows = 5

/**
 * Writes a down script for each migration that has none and does not say that there is none, from the schemas before and after it.
 * A file that is there is never written over.
 *
 * @throws LockstepError PATH_NOT_FOUND, USAGE, SHADOW_UNREACHABLE, LOCAL_UNSUPPORTED, INTERRUPTED, and what the history is refused for
 */
export async function generateDown({ output, cwd }: Context, given: GenerateDownInput): Promise<Outcome> {
  const { path, migration, shadowUrl } = given
  const input = await openHistory(path, cwd)
  if (input.kind === 'zip') throw new LockstepError('USAGE', `${path} is a bundle`, { hint: 'give the folder' })
  const report = await checkHistory(input, cwd)
  if (report.failures.length > 0) return refused(report, output)
  const wanted = new Set(wantedOf(report, migration))
  const results: Result[] = []
  if (wanted.size === 0) {
    output.line(
      `${output.paint('green', '✓')} each of ${count(report.migrations.length, 'migration')} has its way back`,
    )
    return { document: { migrations: results }, failures: [] }
  }
  const failure = await generateAll({ output, cwd, input, report, wanted, shadowUrl, results })
  const failures = failure === undefined ? [] : [placeInFolder(failure, input, cwd)]
  return { document: { migrations: results }, failures: [...failures, ...results.flatMap(notGenerated)] }
}

const refused = (report: CheckReport, output: Output): Outcome => ({
  document: { notices: report.notices, errors: report.failures },
  failures: report.failures,
  closing: `${refusedSummary(report, output)}; nothing was generated`,
})

const wantedOf = ({ migrations, irreversible }: CheckReport, only: string | undefined): readonly MigrationName[] => {
  const stated = new Set(irreversible)
  if (only === undefined) {
    return migrations.filter(({ name, down }) => down === undefined && !stated.has(name)).map(({ name }) => name)
  }
  const found = migrations.find(({ name }) => name === only)
  if (found === undefined)
    throw new LockstepError('USAGE', `there is no migration ${only}`, {
      hint: '`lockstep check <dir> --json` lists them',
    })
  if (found.down !== undefined)
    throw new LockstepError('USAGE', `${only} has ${found.down.path}, which is not written over`, {
      hint: 'remove the file first, if another one is wanted',
    })
  if (stated.has(found.name))
    throw new LockstepError('USAGE', `${only} says that it is irreversible`, {
      hint: 'take the directive out of it first',
    })
  return [found.name]
}

interface Work {
  readonly output: Output
  readonly cwd: string
  readonly input: HistoryInput
  readonly report: CheckReport
  readonly wanted: ReadonlySet<MigrationName>
  readonly shadowUrl: string | undefined
  readonly results: Result[]
}

const generateAll = async (work: Work): Promise<Failure | undefined> => {
  const { output, input, report, wanted, shadowUrl, results } = work
  const { migrations } = report
  const [parse, differ] = await Promise.all([loadSqlParser(), loadPgDelta()])
  return await withShadow({
    output,
    shadowUrl,
    act: (shadow, { say, above }) =>
      generateDowns({
        ...{ shadow, parse, differ, migrations, files: input.bundle, wanted, rows },
        onStart: ({ name }, done) => say(`${done + 1} of ${migrations.length}: ${name}`),
        onGenerated: async (migration, generated) => {
          const result = await keep(work, migration, generated)
          results.push(result)
          for (const line of resultLines(result, output)) above(line)
        },
      }),
  })
}

const keep = async ({ cwd, input }: Work, migration: Migration, generated: Generated): Promise<Result> => {
  const { name } = migration
  if (generated.kind === 'none') return { migration: name, reason: generated.reason }
  const file = join(input.path, downPathOf(migration))
  // somebody may have written one since the folder was read
  await writeFile(file, generated.text, { flag: 'wx' })
  return { migration: name, file: showPath(file, cwd), certificate: generated.certificate, notes: generated.notes }
}

const resultLines = ({ migration, file, certificate, reason }: Result, output: Output): readonly string[] =>
  file === undefined
    ? [`${output.paint('red', '✗')} ${migration}: ${reason}`]
    : [`${output.paint('green', '+')} ${file}`, output.paint('dim', `  ${certificate}`)]

const notGenerated = ({ migration, reason }: Result): readonly Failure[] =>
  reason === undefined
    ? []
    : [toFailure(new LockstepError('DOWN_NOT_GENERATED', `no way back for ${migration}: ${reason}`, { migration }))]

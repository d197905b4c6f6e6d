import { type Loss, lossesOf } from '../../functions/domain/losses.ts'
import { showLoss } from '../../functions/domain/rollback-plan.ts'
import type { SqlParser } from '../../functions/domain/sql-parser.ts'
import { type Statement, splitStatements } from '../../functions/domain/statements.ts'
import type { StepSource } from '../../functions/domain/step-source.ts'
import type { Catalog } from './catalog.ts'

/** Statements whose effect no difference of schemas shows, in the parser's words. */
const unseen: Readonly<Record<string, string>> = {
  ...{ InsertStmt: 'INSERT', UpdateStmt: 'UPDATE', DeleteStmt: 'DELETE', MergeStmt: 'MERGE', TruncateStmt: 'TRUNCATE' },
  ...{ SelectStmt: 'SELECT', DoStmt: 'DO', CallStmt: 'CALL', CopyStmt: 'COPY' },
  ...{
    CreateRoleStmt: 'CREATE ROLE',
    AlterRoleStmt: 'ALTER ROLE',
    DropRoleStmt: 'DROP ROLE',
    GrantRoleStmt: 'GRANT role',
  },
  ...{ AlterSystemStmt: 'ALTER SYSTEM', AlterDatabaseSetStmt: 'ALTER DATABASE' },
}

/** Reads a migration's statements; its text was judged before. */
export const statementsOf = (source: StepSource, parse: SqlParser): readonly Statement[] => {
  const { text, path, migration } = source
  return splitStatements({ text, path, role: 'up', migration: migration.name }, parse)
}

interface Noted {
  readonly up: readonly Statement[]
  readonly upText: string
  readonly down: readonly Statement[]
  readonly before: Catalog
  readonly after: Catalog
}

/** Lists what a generated way back does not give back, and what it throws away. */
export function notesOf({ up, upText, down, before, after }: Noted): readonly string[] {
  const bytes = Buffer.from(upText)
  return [
    ...up.flatMap(({ kind, startByte }) => {
      const word = unseen[kind]
      return word === undefined ? [] : [`what ${word} did in line ${lineAt(bytes, startByte)} stays as it is`]
    }),
    ...lossesOf(up).flatMap(lostThere),
    ...lossesOf(down).map((loss) => `going back ${showLoss(loss)}`),
    ...goneLabels(before, after).map((label) => `${label} goes: rows that have it stop this script`),
  ]
}

/** What was done to rows is told by the line that did it. */
const lostThere = (loss: Loss): readonly string[] => {
  if (loss.kind !== 'other') return [`the migration ${showLoss(loss)}: it comes back with what Lockstep kept, or empty`]
  return / rows of /.test(loss.what) ? [] : [`the migration ${loss.what}: values that this changed stay as they are`]
}

const lineAt = (bytes: Buffer, startByte: number): number => {
  const head = bytes.toString('utf8', 0, startByte)
  // a statement's text begins behind the last semicolon, with the blank lines and comments before it
  const gap = /^(?:\s+|--[^\n]*|\/\*[\s\S]*?\*\/)*/.exec(bytes.toString('utf8', startByte))?.[0] ?? ''
  return `${head}${gap}`.split('\n').length
}

/** Values of enums that only the schema after the migration has. */
const goneLabels = (before: Catalog, after: Catalog): readonly string[] => {
  const known = new Map(
    (before.enums ?? []).map((line) => JSON.parse(line)).map((row) => [`${row[0]}.${row[1]}`, row[2]]),
  )
  return (after.enums ?? []).flatMap((line) => {
    const [schema, name, labels] = JSON.parse(line)
    const old = known.get(`${schema}.${name}`)
    if (old === undefined) return []
    return labels
      .filter((label: string) => !old.includes(label))
      .map((label: string) => `value '${label}' of enum "${name}"`)
  })
}

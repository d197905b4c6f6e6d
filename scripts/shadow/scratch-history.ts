import { compileStep } from '../../functions/domain/compile-step.ts'
import { LockstepError } from '../../functions/domain/errors.ts'
import type { FileSource } from '../../functions/domain/file-source.ts'
import type { Migration } from '../../functions/domain/migration.ts'
import type { Receipt } from '../../functions/domain/receipt.ts'
import type { SqlParser } from '../../functions/domain/sql-parser.ts'
import type { StepSource } from '../../functions/domain/step-source.ts'
import type { ScratchDatabase } from './scratch-database.ts'
import { attachScratch, type ScratchTarget } from './scratch-target.ts'
import type { Shadow } from './shadow.ts'

/** What a history is applied with. */
export interface HistoryParts {
  readonly shadow: Shadow
  readonly parse: SqlParser
  readonly files: FileSource
}

/** A scratch database to which a history is applied, migration by migration. */
export interface ScratchHistory extends AsyncDisposable {
  readonly database: ScratchDatabase
  readonly target: ScratchTarget
  compile(migration: Migration): StepSource
  /** Makes the database anew after a way back spoiled it: empty, then these migrations. */
  rebuild(migrations: readonly Migration[]): Promise<void>
}

/**
 * Opens an empty scratch database for a history.
 *
 * A copy kept before each step would be the other way to undo a spoiled one; a copy costs more than the few ways back that spoil
 * anything.
 */
export async function openScratchHistory(parts: HistoryParts): Promise<ScratchHistory> {
  let current = await openScratch(parts)
  const compile = (migration: Migration): StepSource => compileStep(migration, parts.files, parts.parse)
  return {
    get database() {
      return current.database
    },
    get target() {
      return current.target
    },
    compile,
    rebuild: async (migrations) => {
      await close(parts, current)
      current = await openScratch(parts)
      for (const migration of migrations) mustCommit(await current.target.up(compile(migration)))
    },
    [Symbol.asyncDispose]: () => close(parts, current),
  }
}

interface Scratch {
  readonly database: ScratchDatabase
  readonly target: ScratchTarget
}

const openScratch = async ({ shadow, parse }: HistoryParts): Promise<Scratch> => {
  const database = await shadow.create()
  return { database, target: await attachScratch(database, parse) }
}

const close = async ({ shadow }: HistoryParts, { database, target }: Scratch): Promise<void> => {
  await target[Symbol.asyncDispose]()
  await shadow.drop(database).catch(() => {})
}

/** It was committed before: what stands in its way now lies outside of the database, a role for example. */
const mustCommit = ({ failure, migration }: Receipt): void => {
  if (failure === undefined) return
  const message = `${migration} was applied once and can't be applied to a second database of the same server: ${failure.message}`
  throw new LockstepError('MIGRATION_FAILED', message, {
    migration,
    hint: 'take what it makes outside of its database out of it',
  })
}

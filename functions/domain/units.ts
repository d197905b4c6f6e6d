import { sha256 } from './checksum.ts'
import { lossesOf } from './losses.ts'
import { mayRunAlone, runsAlone } from './run-alone.ts'
import { setsSession, setsTimeout } from './session-settings.ts'
import { countCodePoints } from './source-position.ts'
import { refusal, type SqlFile } from './sql-file.ts'
import { type Statement, transactionKind } from './statements.ts'
import type { Unit } from './step-source.ts'
import type { Block } from './transaction-blocks.ts'
import { effectOf } from './unit-effect.ts'

/** What units are cut from: a file's bytes, the same with timeouts, BEGIN and COMMIT blanked, its statements and its blocks. */
export interface UnitInput {
  readonly bytes: Buffer
  readonly blanked: Buffer
  readonly statements: readonly Statement[]
  readonly blocks: readonly Block[]
}

/**
 * Cuts a file into units: each of its own blocks, and each statement outside one, as psql would run them.
 *
 * A session setting outside a block is no unit: it becomes the `setup` of every unit after it, since the session that goes on after
 * a crash has none of the settings that were made before it.
 *
 * @throws LockstepError TRANSACTION_UNBALANCED for a SAVEPOINT outside a block, where no transaction is open
 */
export const cutUnits = (file: SqlFile, input: UnitInput): readonly Unit[] => {
  const units: Unit[] = []
  const settings: Statement[] = []
  let [byte, codePoint] = [0, 0]
  for (const part of partsOf(input)) {
    const [first] = part
    if (part.length === 1) refuseSavepoint(file, first)
    if (isUnit(part)) {
      codePoint += countCodePoints(input.bytes.toString('utf8', byte, first.startByte))
      byte = first.startByte
      units.push({
        index: units.length,
        ...textOf(part, input),
        startCodePoint: codePoint,
        ...natureOf(part),
        ...setupOf(settings, input),
        ...lossesIn(settings, part),
      })
    }
    settings.push(...part.filter(setsSession))
  }
  return units
}

/** A statement outside every block, or a whole block from its BEGIN to its COMMIT. */
type Part = readonly [Statement, ...Statement[]]

const partsOf = ({ statements, blocks }: UnitInput): readonly Part[] => {
  const commits = new Map(blocks.map(({ begin, commit }) => [begin, commit]))
  const parts: Part[] = []
  for (let index = 0; index < statements.length; ) {
    const next = (commits.get(index) ?? index) + 1
    const [first, ...others] = statements.slice(index, next)
    if (first) parts.push([first, ...others])
    index = next
  }
  return parts
}

const refuseSavepoint = (file: SqlFile, statement: Statement): void => {
  if (transactionKind(statement) === undefined) return
  const message = 'a savepoint outside BEGIN … COMMIT, in a file that does not run as one transaction'
  throw refusal(file, { code: 'TRANSACTION_UNBALANCED', message, byte: statement.startByte })
}

/** A part is worth sending when something is left of it after blanking, and it is more than a setting of the session. */
const isUnit = (part: Part): boolean => {
  if (part.length > 1) return part.slice(1, -1).some((statement) => !setsTimeout(statement))
  return !setsTimeout(part[0]) && !setsSession(part[0])
}

const textOf = (part: Part, { blanked }: UnitInput): Pick<Unit, 'sql' | 'sha256'> => {
  const sql = blanked.toString('utf8', part[0].startByte, part.at(-1)?.endByte)
  return { sql, sha256: sha256(sql) }
}

const natureOf = (part: Part): Pick<Unit, 'kind' | 'effect'> => {
  const [statement] = part
  if (part.length > 1) return { kind: 'transaction' }
  const kind = runsAlone(statement) !== undefined || mayRunAlone(statement) ? 'alone' : 'transaction'
  const effect = effectOf(statement)
  return effect === undefined ? { kind } : { kind, effect }
}

const setupOf = (settings: readonly Statement[], { bytes }: UnitInput): Pick<Unit, 'setup'> => {
  const texts = settings.map(({ startByte, endByte }) => bytes.toString('utf8', startByte, endByte))
  return texts.length === 0 ? {} : { setup: texts.join(';\n') }
}

/** The settings before it say where its names are looked for. */
const lossesIn = (settings: readonly Statement[], part: Part): Pick<Unit, 'losses'> => {
  const losses = lossesOf([...settings, ...part])
  return losses.length === 0 ? {} : { losses }
}

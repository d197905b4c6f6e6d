import { enumValueUsedAtOnce } from './enum-values.ts'
import { type Reason, whyNotFlat } from './flatten.ts'
import { runsAlone } from './run-alone.ts'
import type { Statement } from './statements.ts'
import type { Block } from './transaction-blocks.ts'

/** Finds why a file without a transaction directive can't run as one transaction; undefined when it can. */
export const whyUnits = (statements: readonly Statement[], blocks: readonly Block[]): Reason | undefined =>
  aloneIn(statements) ?? enumValueIn(statements) ?? whyNotFlat(statements, blocks)

const aloneIn = (statements: readonly Statement[]): Reason | undefined => {
  for (const statement of statements) {
    const name = runsAlone(statement)
    if (name !== undefined) return { statement, why: `${name} can't run in a transaction` }
  }
  return undefined
}

const enumValueIn = (statements: readonly Statement[]): Reason | undefined => {
  const found = enumValueUsedAtOnce(statements)
  return (
    found && {
      statement: found.use,
      why: `enum value '${found.value}' is used here, which needs its ADD VALUE to be committed`,
    }
  )
}

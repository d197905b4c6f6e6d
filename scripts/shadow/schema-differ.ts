import type { ScratchDatabase } from './scratch-database.ts'

/** Plans the way from one schema to another. Nothing of Lockstep knows which library does. */
export interface SchemaDiffer {
  /** Reads a database's schema; what Lockstep keeps for itself is left out. */
  read(database: ScratchDatabase): Promise<SchemaReading>
}

/** A schema as it was at one moment. */
export interface SchemaReading {
  /** Kinds of objects that this differ does not know, with how many there are: `2 statistics objects`. */
  readonly unknown: readonly string[]
  /**
   * Lists the statements that make of this schema the other one.
   *
   * What has another name there is dropped and made anew: the difference does not show that it was renamed.
   *
   * @throws Error saying what can't be planned
   */
  statementsTo(other: SchemaReading): readonly string[]
}

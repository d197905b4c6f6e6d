/** A column as a random history knows it. */
export interface ModelColumn {
  readonly name: string
  readonly type: string
  readonly isNull: boolean
  /** As SQL. */
  readonly default?: string
  /** The table whose `id` it refers to. */
  readonly refersTo?: string
  readonly isIndexed?: boolean
}

/** A table as a random history knows it; each has an `id` besides. */
export interface ModelTable {
  readonly name: string
  readonly columns: readonly ModelColumn[]
}

/** Everything that a random history has made by now. */
export interface Model {
  readonly tables: readonly ModelTable[]
  /** Enums by name; each is used by one column at most. */
  readonly enums: ReadonlySet<string>
  /** Names are never used twice. */
  readonly made: number
}

/** A change, the hand-derived way back, and what is there after it; undefined where it has nothing to work on. */
export interface Change {
  readonly up: string
  readonly down: string
  readonly model: Model
}

/** Random numbers, from which a change picks what it works on. */
export type Picks = readonly [number, number, number]

/** Before the first change. */
export const emptyModel: Model = { tables: [], enums: new Set(), made: 0 }

/** Picks one of a list by any number; undefined from an empty one. */
export const pick = <T>(list: readonly T[], number: number): T | undefined => list[number % Math.max(1, list.length)]

/** Puts a changed table in the place of the one of its name. */
export const replaceTable = (model: Model, table: ModelTable): Model => ({
  ...model,
  tables: model.tables.map((each) => (each.name === table.name ? table : each)),
})

/** Tells whether another table refers to it. */
export const isReferred = (model: Model, name: string): boolean =>
  model.tables.some((other) => other.name !== name && other.columns.some(({ refersTo }) => refersTo === name))

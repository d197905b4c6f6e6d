import type { QualifiedName } from './sql-node.ts'
import { type TrackedTable, trackTable } from './tracked-table.ts'

/** Which table a name means at some point of a file. */
export interface TableNames {
  /** The tables that a name may mean: more than one where the text leaves open which schema is meant. */
  find(name: QualifiedName): readonly TrackedTable[]
  /** The file made a table; of this name there is no other from here on. */
  add(name: QualifiedName): void
  rename(name: QualifiedName, to: string): void
  move(name: QualifiedName, toSchema: string): void
  forget(name: QualifiedName): void
  renameSchema(schema: string, to: string): void
  /** Names without a schema mean tables of these from here on; undefined: whatever the session's path says. */
  setPath(schemas: readonly string[] | undefined): void
}

interface Entry {
  schema: string | undefined
  name: string
  readonly table: TrackedTable
}

/** Follows the names of tables through a file, from what they are before it. */
export const makeTableNames = (): TableNames => {
  let entries: Entry[] = []
  let path: readonly string[] | undefined
  const schemasBefore = new Map<string, string>()

  const remember = (name: QualifiedName): Entry => {
    const { schema } = name
    const before = schema === undefined ? undefined : (schemasBefore.get(schema) ?? schema)
    const origin = { ...(before !== undefined && { schema: before }), name: name.name }
    const entry = { schema, name: name.name, table: trackTable(origin) }
    entries.push(entry)
    return entry
  }

  const meant = (name: QualifiedName): readonly Entry[] => {
    const found = qualify(name, path).flatMap((each) => {
      const exact = entries.find((entry) => entry.name === each.name && entry.schema === each.schema)
      const loose = entries.filter((entry) => entry.name === each.name && isOpen(entry.schema, each.schema))
      return [exact ?? remember(each), ...loose]
    })
    return [...new Set(found)]
  }

  return {
    find: (name) => meant(name).map(({ table }) => table),
    add: (name) => {
      const [{ schema, name: bare } = name] = qualify(name, path)
      entries = entries.filter((entry) => entry.name !== bare || entry.schema !== schema)
      entries.push({ schema, name: bare, table: trackTable(undefined) })
    },
    rename: (name, to) => {
      for (const entry of meant(name)) entry.name = to
    },
    move: (name, toSchema) => {
      for (const entry of meant(name)) entry.schema = toSchema
    },
    forget: (name) => {
      const gone = new Set(meant(name))
      entries = entries.filter((entry) => !gone.has(entry))
    },
    renameSchema: (schema, to) => {
      for (const entry of entries) if (entry.schema === schema) entry.schema = to
      schemasBefore.set(to, schemasBefore.get(schema) ?? schema)
    },
    setPath: (schemas) => {
      path = schemas
    },
  }
}

/** Whose schema the session's user is, only the session knows: such a name stays without one. */
const ownSchema = '$user'

const qualify = ({ schema, name }: QualifiedName, path: readonly string[] | undefined): readonly QualifiedName[] => {
  if (schema !== undefined) return [{ schema, name }]
  return path?.map((each) => (each === ownSchema ? { name } : { schema: each, name })) ?? [{ name }]
}

/** `a` and `s.a` may be the same table; `s.a` and `t.a` are not. */
const isOpen = (a: string | undefined, b: string | undefined): boolean =>
  a !== b && (a === undefined || b === undefined)

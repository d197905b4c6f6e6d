/** A node of PostgreSQL's parse tree, or the fields of one; read only through the functions of this file. */
export type SqlNode = Readonly<Record<string, unknown>>

const isNode = (value: unknown): value is SqlNode =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Reads a field that holds one node. */
export const nodeAt = (node: SqlNode, key: string): SqlNode | undefined => {
  const value = node[key]
  return isNode(value) ? value : undefined
}

/** Reads a field that holds a list of nodes; an absent one is empty. */
export const listAt = (node: SqlNode, key: string): readonly SqlNode[] => {
  const value = node[key]
  return Array.isArray(value) ? value.filter(isNode) : []
}

/** Reads a field that holds a text. */
export const textAt = (node: SqlNode, key: string): string | undefined => {
  const value = node[key]
  return typeof value === 'string' ? value : undefined
}

/** Tells whether a flag is set; the parser leaves out those that are not. */
export const isTrue = (node: SqlNode, key: string): boolean => node[key] === true

/** The text of a `String` node. */
export const stringOf = (node: SqlNode): string | undefined => {
  const inner = nodeAt(node, 'String')
  return inner && (textAt(inner, 'sval') ?? '')
}

/** The text of a constant (`'text'`, `12`, `off`), as `SET` takes it; undefined for anything else. */
export const constantOf = (node: SqlNode): string | undefined => {
  const constant = nodeAt(node, 'A_Const')
  if (!constant) return undefined
  const text = nodeAt(constant, 'sval')
  if (text) return textAt(text, 'sval') ?? ''
  const integer = nodeAt(constant, 'ival')
  if (integer) return String(integer.ival ?? 0)
  const truth = nodeAt(constant, 'boolval')
  return truth && String(isTrue(truth, 'boolval'))
}

/** A name as it was written: the schema only where it was given. */
export interface QualifiedName {
  readonly schema?: string
  readonly name: string
}

/** Reads a dotted name (a list of `String` nodes); a database's name before the schema is dropped. */
export const qualifiedName = (parts: readonly SqlNode[]): QualifiedName | undefined => {
  const [name, schema] = parts.map(stringOf).reverse()
  if (name === undefined) return undefined
  return schema === undefined ? { name } : { schema, name }
}

/** Reads the name of a relation (a `RangeVar`'s fields). */
export const relationName = (relation: SqlNode | undefined): QualifiedName | undefined => {
  const name = relation && textAt(relation, 'relname')
  if (relation === undefined || name === undefined) return undefined
  const schema = textAt(relation, 'schemaname')
  return schema === undefined ? { name } : { schema, name }
}

/**
 * Shows every node below `root` to `see`, with its kind (`FuncCall`) or the field that holds it (`relation`), in no order.
 *
 * Keeps its own stack: a chain of five thousand `+` is legal SQL and deeper than JavaScript may recurse.
 */
export const visitNodes = (root: SqlNode, see: (kind: string, fields: SqlNode) => void): void => {
  const waiting: object[] = [root]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const [key, value] of Object.entries(next)) {
      if (typeof value !== 'object' || value === null) continue
      if (isNode(value)) see(key, value)
      waiting.push(value)
    }
  }
}

import { showName } from './show-name.ts'
import {
  isTrue,
  listAt,
  nodeAt,
  type QualifiedName,
  qualifiedName,
  relationName,
  type SqlNode,
  textAt,
} from './sql-node.ts'
import type { Statement } from './statements.ts'

/**
 * Table locks that statements take, strongest first, as PostgreSQL's manual lists them under "Explicit Locking". What blocks writers
 * (SHARE ROW EXCLUSIVE and above) or readers (ACCESS EXCLUSIVE) is what an operator wants to know before pressing.
 */
const strengths = ['ACCESS EXCLUSIVE', 'EXCLUSIVE', 'SHARE ROW EXCLUSIVE', 'SHARE', 'SHARE UPDATE EXCLUSIVE'] as const

type Strength = (typeof strengths)[number]

interface Lock {
  readonly strength: Strength
  /** As written. */
  readonly on: string
}

/** Lists the table locks of a file's statements, for example `ACCESS EXCLUSIVE on "User"`; what dynamic SQL locks can't be seen. */
export function locksOf(statements: readonly Statement[]): readonly string[] {
  const locks = statements.flatMap(({ kind, fields }) =>
    Object.hasOwn(rules, kind) ? (rules[kind]?.(fields) ?? []) : [],
  )
  const sorted = locks.toSorted((a, b) => strengths.indexOf(a.strength) - strengths.indexOf(b.strength))
  const strongest = new Map<string, Lock>()
  for (const lock of sorted) if (!strongest.has(lock.on)) strongest.set(lock.on, lock)
  return [...strongest.values()].map(({ strength, on }) => `${strength} on ${on}`)
}

type Rule = (fields: SqlNode) => readonly Lock[]

const rules: Readonly<Record<string, Rule>> = {
  AlterTableStmt: (fields) => onRelation(fields, 'ACCESS EXCLUSIVE'),
  RenameStmt: (fields) => onRelation(fields, 'ACCESS EXCLUSIVE'),
  AlterObjectSchemaStmt: (fields) => onRelation(fields, 'ACCESS EXCLUSIVE'),
  TruncateStmt: (fields) => onRelations(fields, 'relations', 'ACCESS EXCLUSIVE'),
  ClusterStmt: (fields) => onRelation(fields, 'ACCESS EXCLUSIVE'),
  CreateTrigStmt: (fields) => onRelation(fields, 'SHARE ROW EXCLUSIVE'),
  RuleStmt: (fields) => onRelation(fields, 'ACCESS EXCLUSIVE'),
  CreatePolicyStmt: (fields) => onRelation(fields, 'ACCESS EXCLUSIVE', 'table'),
  IndexStmt: (fields) => onRelation(fields, isTrue(fields, 'concurrent') ? 'SHARE UPDATE EXCLUSIVE' : 'SHARE'),
  DropStmt: (fields) => dropped(fields),
}

const onRelation = (fields: SqlNode, strength: Strength, key = 'relation'): readonly Lock[] =>
  lockOn(relationName(nodeAt(fields, key)), strength)

const onRelations = (fields: SqlNode, key: string, strength: Strength): readonly Lock[] =>
  listAt(fields, key).flatMap((item) => lockOn(relationName(nodeAt(item, 'RangeVar')), strength))

/** A trigger's, a policy's or a rule's name ends the name of its table; an index's table is not in the statement. */
function dropped(fields: SqlNode): readonly Lock[] {
  const kind = textAt(fields, 'removeType') ?? ''
  const names = listAt(fields, 'objects').map((object) => listAt(nodeAt(object, 'List') ?? {}, 'items'))
  switch (kind) {
    case 'OBJECT_TABLE':
    case 'OBJECT_MATVIEW':
      return names.flatMap((parts) => lockOn(qualifiedName(parts), 'ACCESS EXCLUSIVE'))
    case 'OBJECT_TRIGGER':
    case 'OBJECT_POLICY':
    case 'OBJECT_RULE':
      return names.flatMap((parts) => lockOn(qualifiedName(parts.slice(0, -1)), 'ACCESS EXCLUSIVE'))
    case 'OBJECT_INDEX':
      return names.flatMap((parts) => lockOfIndex(qualifiedName(parts), isTrue(fields, 'concurrent')))
    default:
      return []
  }
}

const lockOfIndex = (index: QualifiedName | undefined, isConcurrent: boolean): readonly Lock[] =>
  index === undefined
    ? []
    : [
        {
          strength: isConcurrent ? 'SHARE UPDATE EXCLUSIVE' : 'ACCESS EXCLUSIVE',
          on: `the table of index ${showName(index)}`,
        },
      ]

const lockOn = (name: QualifiedName | undefined, strength: Strength): readonly Lock[] =>
  name === undefined ? [] : [{ strength, on: showName(name) }]

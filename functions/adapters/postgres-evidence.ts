import { escapeIdentifier, escapeLiteral } from 'pg'
import type { Unit, UnitEffect } from '../domain/step-source.ts'
import type { StepOrder, UnitEvidence } from '../engine/target-database.ts'
import type { PostgresConnection } from './postgres-connection.ts'
import { wrapOwnError } from './postgres-errors.ts'
import { replyColumn } from './postgres-message.ts'
import { recover } from './postgres-recovery.ts'

/**
 * Asks the catalog what a unit left behind.
 *
 * What was there before the unit ran looks like its effect. That is safe: running such a unit would have failed, or done nothing.
 */
export const examineUnit = async (
  connection: PostgresConnection,
  order: StepOrder,
  unit: Unit,
): Promise<UnitEvidence> => {
  const { effect } = unit
  if (effect === undefined) return 'unknown'
  if (effect.kind === 'repeatable') return 'absent'
  return (await askCatalog(connection, order, { unit, expression: evidenceOf(effect) })) as UnitEvidence
}

/** Finds the statements that finish or clear what a unit left behind half done; none when there is nothing. */
export const remediesOf = async (
  connection: PostgresConnection,
  order: StepOrder,
  unit: Unit,
): Promise<readonly string[]> => {
  const { effect } = unit
  if (effect === undefined) return []
  const expression = remedyOf(effect)
  return expression === undefined ? [] : JSON.parse(await askCatalog(connection, order, { unit, expression }))
}

type Effect<Kind extends UnitEffect['kind']> = Extract<UnitEffect, { kind: Kind }>

const evidenceOf = (effect: Exclude<UnitEffect, { kind: 'repeatable' }>): string => {
  switch (effect.kind) {
    case 'index-built':
      return `coalesce((select case when ${isUsable} then 'done' else 'invalid' end ${builtIndex(effect)}), 'absent')`
    case 'index-dropped':
      // a drop that was cut off leaves the index invalid, and dropping it again is the way on
      return `case when ${relation(effect.schema, effect.index)} is null then 'done' else 'absent' end`
    case 'index-rebuilt':
      // a rebuilt index looks like the one before it; building it once more does no harm
      return `case when exists (select ${leftOverIndexes(effect)}) then 'invalid' else 'absent' end`
    case 'enum-value':
      return `case when exists (select ${enumLabel(effect)}) then 'done' else 'absent' end`
    case 'partition-detached':
      return `case when exists (select ${attachment(effect)}) then 'absent' else 'done' end`
  }
}

const remedyOf = (effect: UnitEffect): string | undefined => {
  switch (effect.kind) {
    case 'index-built':
      return `(select ${dropAll} ${builtIndex(effect)} and not (${isUsable}))`
    case 'index-rebuilt':
      return `(select ${dropAll} ${leftOverIndexes(effect)})`
    case 'partition-detached':
      return `(select ${finalize} ${attachment(effect)} and p.inhdetachpending)`
    case 'index-dropped':
    case 'enum-value':
    case 'repeatable':
      return undefined
  }
}

const isUsable = 'i.indisvalid and i.indisready and i.indislive'

const dropAll = `coalesce(json_agg(format('drop index concurrently %I.%I', n.nspname, c.relname)), '[]')`

const finalize = `coalesce(json_agg(
    format('alter table %s detach partition %s finalize', p.inhparent::regclass, p.inhrelid::regclass)
  ), '[]')`

const indexes = `from pg_catalog.pg_index i
  join pg_catalog.pg_class c on c.oid = i.indexrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace`

/** An index lies in its table's schema, whatever the search path says. */
const builtIndex = ({ schema, table, index }: Effect<'index-built'>): string => `${indexes}
  where c.relname = ${escapeLiteral(index)}
  and i.indrelid = ${relation(schema, table)}`

/** REINDEX CONCURRENTLY builds beside the old index, and leaves what it built when it is cut off. */
const leftOverIndexes = (effect: Effect<'index-rebuilt'>): string => `${indexes}
  where c.relname ~ '_cc(new|old)[0-9]*$'
  and not i.indisvalid
  and ${rebuiltScope(effect)}`

const rebuiltScope = ({ schema, name, of }: Effect<'index-rebuilt'>): string => {
  switch (of) {
    case 'index':
      return `i.indrelid = (select o.indrelid from pg_catalog.pg_index o where o.indexrelid = ${relation(schema, name)})`
    case 'table':
      return `i.indrelid = ${relation(schema, name)}`
    case 'schema':
      return `n.nspname = ${escapeLiteral(name)}`
    case 'database':
      return `n.nspname <> 'pg_toast'`
  }
}

const enumLabel = ({ schema, type, value }: Effect<'enum-value'>): string => `from pg_catalog.pg_enum e
  where e.enumtypid = to_regtype(${quoted(schema, type)})
  and e.enumlabel = ${escapeLiteral(value)}`

const attachment = (effect: Effect<'partition-detached'>): string => `from pg_catalog.pg_inherits p
  where p.inhparent = ${relation(effect.schema, effect.table)}
  and p.inhrelid = ${relation(effect.partitionSchema, effect.partition)}`

const relation = (schema: string | undefined, name: string): string => `to_regclass(${quoted(schema, name)})`

const quoted = (schema: string | undefined, name: string): string =>
  escapeLiteral([...(schema === undefined ? [] : [schema]), name].map(escapeIdentifier).join('.'))

/** Asks as the migration would: its role and its search path find the same objects under the same names. */
const askCatalog = async (
  connection: PostgresConnection,
  order: StepOrder,
  { unit, expression }: { readonly unit: Unit; readonly expression: string },
): Promise<string> => {
  const { applicationRole, searchPath } = order.settings
  const statements = [
    'begin isolation level read committed, read only',
    `set local search_path = ${searchPath}`,
    `set local role ${escapeIdentifier(applicationRole)}`,
    ...(unit.setup === undefined ? [] : [unit.setup]),
    `select ${expression} as ${replyColumn}`,
    // takes the settings back too
    'rollback',
  ]
  const outcome = await connection.send(statements.join('\n;\n'))
  if (outcome.error === undefined && outcome.reply !== undefined) return outcome.reply
  await recover(connection)
  throw wrapOwnError(outcome.error, `cannot see what ${order.source.migration.name} left behind`)
}

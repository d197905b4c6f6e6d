import { type Change, isReferred, type Model, type ModelColumn, type Picks, pick, replaceTable } from './ddl-model.ts'
import { addition, columnTypes, creation, definition, extras, filling, valueIn } from './ddl-text.ts'

/** What a random history may do, by name. */
export const changes: Readonly<Record<string, (model: Model, picks: Picks) => Change | undefined>> = {
  createTable: (model, picks) => {
    const columns = picks.map((_, place) => newColumn({ ...model, made: model.made + 1 + place }, rotate(picks, place)))
    const table = { name: `t${model.made}`, columns }
    return {
      up: `${creation(table)}\n${filling(table, (picks[0] % 20) + 1)}`,
      down: `drop table ${table.name};`,
      model: { ...model, made: model.made + 4, tables: [...model.tables, table] },
    }
  },
  dropTable: (model, [one]) => {
    const table = pick(
      model.tables.filter(({ name }) => !isReferred(model, name)),
      one,
    )
    if (table === undefined) return undefined
    return {
      up: `drop table ${table.name};`,
      down: creation(table),
      model: { ...model, tables: model.tables.filter((each) => each !== table) },
    }
  },
  addColumn: (model, picks) => {
    const table = pick(model.tables, picks[0])
    if (table === undefined) return undefined
    const column = { ...newColumn(model, rotate(picks, 1)), isNull: true }
    return {
      up: `alter table ${table.name} add column ${definition(column)};
        update ${table.name} set ${column.name} = v from (select id as n, ${valueIn(column, 1).replaceAll(/\bn\b/g, 'id')} as v from ${table.name}) x where n = id;
        ${extras(table.name, column)}`,
      down: `alter table ${table.name} drop column ${column.name};`,
      model: replaceTable({ ...model, made: model.made + 1 }, { ...table, columns: [...table.columns, column] }),
    }
  },
  dropColumn: (model, [one, two]) => {
    const table = pick(
      model.tables.filter(({ columns }) => columns.length > 0),
      one,
    )
    const column = table && pick(table.columns, two)
    if (table === undefined || column === undefined) return undefined
    const isEnum = model.enums.has(column.type)
    const left = { ...table, columns: table.columns.filter((each) => each !== column) }
    return {
      up: `alter table ${table.name} drop column ${column.name};${isEnum ? ` drop type ${column.type};` : ''}`,
      down: `${isEnum ? `create type ${column.type} as enum ('a', 'b b', 'c');` : ''}${addition(table.name, column)}`,
      model: replaceTable(isEnum ? { ...model, enums: without(model.enums, column.type) } : model, left),
    }
  },
  addEnumColumn: (model, [one, two]) => {
    const table = pick(model.tables, one)
    if (table === undefined) return undefined
    const type = `e${model.made}`
    const column = { name: `c${model.made}`, type, isNull: two % 2 === 0 }
    return {
      up: `create type ${type} as enum ('a', 'b b', 'c'); ${addition(table.name, column)}`,
      down: `alter table ${table.name} drop column ${column.name}; drop type ${type};`,
      model: replaceTable(
        { ...model, made: model.made + 1, enums: new Set([...model.enums, type]) },
        { ...table, columns: [...table.columns, column] },
      ),
    }
  },
  addReference: (model, [one, two]) => {
    const table = pick(model.tables, one)
    const other = pick(model.tables, two)
    if (table === undefined || other === undefined) return undefined
    const column = { name: `c${model.made}`, type: 'int', isNull: true, refersTo: other.name }
    return {
      up: `${addition(table.name, column)} update ${table.name} set ${column.name} = (select min(id) from ${other.name}) where id % 2 = 0;`,
      down: `alter table ${table.name} drop column ${column.name};`,
      model: replaceTable({ ...model, made: model.made + 1 }, { ...table, columns: [...table.columns, column] }),
    }
  },
  renameColumn: (model, [one, two]) => {
    const table = pick(model.tables, one)
    const column =
      table &&
      pick(
        table.columns.filter(({ refersTo, isIndexed }) => !refersTo && !isIndexed),
        two,
      )
    if (table === undefined || column === undefined) return undefined
    const renamed = { ...column, name: `c${model.made}` }
    return {
      up: `alter table ${table.name} rename column ${column.name} to ${renamed.name};`,
      down: `alter table ${table.name} rename column ${renamed.name} to ${column.name};`,
      model: replaceTable(
        { ...model, made: model.made + 1 },
        { ...table, columns: table.columns.map((each) => (each === column ? renamed : each)) },
      ),
    }
  },
  widenType: (model, [one]) => {
    const wider: Readonly<Record<string, string>> = { int: 'bigint', 'varchar(40)': 'text' }
    const table = pick(
      model.tables.filter(({ columns }) => columns.some(({ type, refersTo }) => wider[type] && !refersTo)),
      one,
    )
    const column = table?.columns.find(({ type, refersTo }) => wider[type] && !refersTo)
    if (table === undefined || column === undefined) return undefined
    const type = wider[column.type] ?? column.type
    const widened = { ...column, type }
    return {
      up: `alter table ${table.name} alter column ${column.name} type ${type};`,
      down: `alter table ${table.name} alter column ${column.name} type ${column.type};`,
      model: replaceTable(model, {
        ...table,
        columns: table.columns.map((each) => (each === column ? widened : each)),
      }),
    }
  },
  toggleIndex: (model, [one, two]) => {
    const table = pick(model.tables, one)
    const column =
      table &&
      pick(
        table.columns.filter(({ type }) => type !== 'jsonb'),
        two,
      )
    if (table === undefined || column === undefined) return undefined
    const toggled = { ...column, isIndexed: column.isIndexed !== true }
    const make = `create index ${column.name}_i on ${table.name} (${column.name});`
    const drop = `drop index ${column.name}_i;`
    return {
      up: toggled.isIndexed ? make : drop,
      down: toggled.isIndexed ? drop : make,
      model: replaceTable(model, {
        ...table,
        columns: table.columns.map((each) => (each === column ? toggled : each)),
      }),
    }
  },
}

const without = (names: ReadonlySet<string>, name: string): ReadonlySet<string> =>
  new Set([...names].filter((each) => each !== name))

const rotate = ([one, two, three]: Picks, by: number): Picks => [one + by * 5, two + by * 7, three + by * 11]

const newColumn = (model: Model, [one, two, three]: Picks): ModelColumn => {
  const type = pick(Object.keys(columnTypes), one) ?? 'int'
  const name = `c${model.made}`
  const canIndex = !['jsonb'].includes(type)
  return {
    ...{ name, type, isNull: two % 3 > 0, isIndexed: canIndex && three % 4 === 0 },
    ...(two % 5 === 0 && type === 'int' && { default: '17' }),
  }
}

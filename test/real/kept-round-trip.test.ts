import fc from 'fast-check'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import type { Receipt } from '../../functions/domain/receipt.ts'
import { readCatalog } from '../../scripts/shadow/catalog.ts'
import { changes } from '../support/ddl-changes.ts'
import { type Change, emptyModel, type Picks } from '../support/ddl-model.ts'
import { down, keptTables, up } from '../support/kept-story.ts'
import { type RealTarget, realTarget } from '../support/real-target.ts'

/** What a database is, but for the places of its columns: one that was dropped comes back as the last. */
const fingerprint = async (client: Client) => {
  const catalog = await readCatalog(client)
  const columns = catalog.columns?.map((line) => {
    const fields: unknown[] = JSON.parse(line)
    return JSON.stringify([...fields.slice(0, place), ...fields.slice(place + 1)])
  })
  const constraints = catalog.constraints?.filter((line) => JSON.parse(line)[3] !== notNull)
  const { rows: tables } = await client.query<{ name: string }>(
    `select format('%I', tablename) as name from pg_tables where schemaname = 'public' order by 1`,
  )
  const data: Record<string, unknown> = {}
  for (const { name } of tables) {
    const { rows } = await client.query(`select to_jsonb(t) as row from public.${name} t order by id`)
    data[name] = rows.map(({ row }) => row)
  }
  return { catalog: { ...catalog, columns: columns?.sort(), constraints }, data }
}

/** PostgreSQL 18 names NOT NULL after the column's first name; whether a column has it, the column tells. */
const notNull = 'n'
/** Where `readCatalog` tells a column's place. */
const place = 10

const observe = async ({ database }: RealTarget) => {
  const client = new Client({ connectionString: database.superuserUrl })
  await client.connect()
  return { client, [Symbol.asyncDispose]: () => client.end() }
}

const number = fc.nat(10_000)
const wish = fc.record({
  kind: fc.constantFrom(...Object.keys(changes), 'dropColumn', 'dropTable', 'createTable'),
  picks: fc.tuple(number, number, number),
})
/** Migrations, each of a few changes. */
const history = fc.array(fc.array(wish, { minLength: 1, maxLength: 4 }), { minLength: 3, maxLength: 8, size: 'max' })
const first = { kind: 'createTable', picks: [3, 7, 11] as Picks }

interface Migration {
  readonly up: string
  readonly down: string
}

const interpret = (migrations: readonly (readonly { kind: string; picks: Picks }[])[]): readonly Migration[] => {
  let model = emptyModel
  return [[first, { ...first, picks: [14, 5, 9] as Picks }], ...migrations].flatMap((wishes) => {
    const done: Change[] = []
    for (const { kind, picks } of wishes) {
      const change = changes[kind]?.(model, picks)
      if (change === undefined) continue
      model = change.model
      done.push(change)
    }
    if (done.length === 0) return []
    return [
      {
        up: done.map((change) => change.up).join('\n'),
        down: done
          .toReversed()
          .map((change) => change.down)
          .join('\n'),
      },
    ]
  })
}

test('given random histories over random rows, when all goes up and all goes down again, then catalog and data are at each step what they were', async () => {
  const seen = { tables: 0, columns: 0, runs: 0 }
  const property = fc.asyncProperty(history, async (wishes) => {
    await using target = await realTarget()
    await using observer = await observe(target)
    const look = () => fingerprint(observer.client)
    const before: { state: Awaited<ReturnType<typeof look>>; receipt: Receipt; migration: Migration }[] = []
    for (const [index, migration] of interpret(wishes).entries()) {
      const state = await look()
      const receipt = await up(target, migration.up, `m${index}`)
      for (const { columns } of receipt.kept ?? []) seen[columns === undefined ? 'tables' : 'columns'] += 1
      before.push({ state, receipt, migration })
    }
    for (const { state, receipt, migration } of before.toReversed()) {
      await down(target, migration.down, receipt)
      expect(await look()).toEqual(state)
    }
    expect(await keptTables(target)).toEqual([])
    seen.runs += 1
  })
  await fc.assert(property, { numRuns: 60, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: false })
  expect(seen.runs).toBeGreaterThan(5)
  expect(seen.tables).toBeGreaterThan(5)
  expect(seen.columns).toBeGreaterThan(5)
}, 240_000)

import { beforeEach, describe, expect, test } from 'vitest'
import type { Certificates } from '../../functions/domain/certificate.ts'
import { migrationName } from '../../functions/domain/types.ts'
import { engineWorld, type World } from '../support/engine-world.ts'

const history = {
  '1_a/migration.sql': 'create table a (id int);',
  '1_a/down.sql': 'drop table a;',
  '2_b/migration.sql': 'create table b (id int);',
  '3_c/migration.sql': '-- lockstep:irreversible it sends letters\ncreate table c (id int);',
}
const only1 = { '1_a/migration.sql': history['1_a/migration.sql'], '1_a/down.sql': history['1_a/down.sql'] }
const certified = (...names: string[]): Certificates =>
  Object.fromEntries(names.map((name) => [migrationName(name), 'reversible, loses: "a" (5 of 5 rows)']))

let world: World

const strict = (): World => {
  const { policy } = engineWorld().settings
  return engineWorld({ policy: { ...policy, requireCertificate: true } })
}
const kept = () => {
  const { waysBack } = world.database.data(world.settings.connection.database)
  return [...waysBack].map(([name, { certificate }]) => [name, certificate])
}

beforeEach(() => {
  world = strict()
})

describe('a target that requires certificates', () => {
  test('given pending migrations without one, when advanced, then all of them are named and nothing runs', async () => {
    const request = await world.push(history, { certificates: certified() })
    expect(await world.advance(request)).toMatchObject({
      state: 'REFUSED',
      failure: { code: 'CERTIFICATE_REQUIRED', names: ['1_a', '2_b'] },
    })
    expect(world.receipts()).toEqual([])
  })

  test('given certificates of all but the irreversible one, when advanced, then all run and receipts keep the texts', async () => {
    const request = await world.push(history, { certificates: certified('1_a', '2_b') })
    expect(await world.advance(request)).toMatchObject({ state: 'SUCCEEDED', applied: 3 })
    const text = 'reversible, loses: "a" (5 of 5 rows)'
    expect(kept()).toEqual([
      ['1_a', text],
      ['2_b', text],
      ['3_c', undefined],
    ])
  })

  test('given an applied migration without one, when a bundle with certificates of the others comes, then it runs', async () => {
    await world.advance(await world.push(only1, { certificates: certified('1_a') }))
    const request = await world.push(history, { certificates: certified('2_b') })
    expect(await world.advance(request)).toMatchObject({ state: 'SUCCEEDED', applied: 2 })
  })
})

test('given a target that requires none, when a bundle has one, then its receipt keeps it all the same', async () => {
  world = engineWorld()
  const request = await world.push(history, { certificates: certified('1_a') })
  expect(await world.advance(request)).toMatchObject({ state: 'SUCCEEDED', applied: 3 })
  expect(kept().map(([, certificate]) => certificate !== undefined)).toEqual([true, false, false])
})

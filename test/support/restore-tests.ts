import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { verifyChain } from '../../functions/domain/audit-chain.ts'
import type { TargetName } from '../../functions/domain/types.ts'
import type { RestoreWorld } from './restore-world.ts'

const one = { '1_a/migration.sql': 'create table a (id int);' }
const two = { ...one, '2_b/migration.sql': 'create table b (id int);' }
const three = { ...two, '3_c/migration.sql': 'create table c (id int);' }

/** Restores and clones: each is recognised before anything is applied, and after the remedy the next push goes on. */
export function restoreTests(name: string, open: () => Promise<RestoreWorld>): void {
  describe(name, () => {
    let world: RestoreWorld
    beforeEach(async () => {
      world = await open()
    })
    afterEach(() => world[Symbol.asyncDispose]())

    const ledger = async (target: TargetName = world.target) =>
      (await world.control.readLedger(target)).map(({ migration, state }) => `${migration} ${state}`)
    const audit = async (target: TargetName = world.target) => world.control.readAudit(target, 0, 1_000)
    const told = async (target: TargetName = world.target) =>
      (await audit(target)).filter(({ type }) => type === 'migration.applied').map(({ data }) => data.migration)
    const expectIntact = async (target: TargetName = world.target) => {
      const chain = await world.control.readChain(target)
      expect(verifyChain(await audit(target), chain)).toMatchObject({ intact: true, last: { seq: chain.seq } })
    }
    const refused = (code: string) => ({
      kind: 'done',
      state: 'REFUSED',
      applied: 0,
      failure: { code, hint: expect.stringContaining('lockstep unlock --accept-database') },
    })

    test('given the target restored to before the last run, when pushed, then it is drift until the database is accepted', async () => {
      expect(await world.push(one)).toMatchObject({ state: 'SUCCEEDED' })
      const restore = await world.backUpTarget()
      expect(await world.push(two)).toMatchObject({ applied: 1 })
      await restore()
      for (let round = 0; round < 2; round++) expect(await world.push(three)).toMatchObject(refused('DRIFT'))
      expect(await world.reconcile()).toMatchObject({ copied: 0, drift: { code: 'DRIFT' } })

      expect(await world.operate('accept-database')).toMatchObject({
        lock: { lockState: 'FREE' },
        accepted: { head: { token: 1, n: 1 }, lost: ['2_b'], copied: 0 },
      })
      expect(await ledger()).toEqual(['1_a APPLIED', '2_b LOST'])
      expect(await world.push(three)).toMatchObject({ state: 'SUCCEEDED', applied: 2 })
      expect(await ledger()).toEqual(['1_a APPLIED', '2_b APPLIED', '3_c APPLIED'])
      expect(await told()).toEqual(['1_a', '2_b', '2_b', '3_c'])
      expect(await world.reconcile()).toMatchObject({ copied: 0 })
      await expectIntact()
    })

    test('given the control table restored, when pushed, then it is refused until the database is accepted, and no event is lost or told twice', async () => {
      expect(await world.push(one)).toMatchObject({ state: 'SUCCEEDED' })
      const restore = await world.backUpControl()
      expect(await world.push(two)).toMatchObject({ applied: 1 })
      await restore()
      const before = await audit()
      for (let round = 0; round < 3; round++) expect(await world.push(three)).toMatchObject(refused('AUDIT_BROKEN'))
      expect(await audit()).toEqual(before)
      expect(await world.reconcile()).toMatchObject({ copied: 0, drift: { code: 'FENCE_REGRESSION' } })

      expect(await world.operate('accept-database')).toMatchObject({
        lock: { lockState: 'FREE', token: 3 },
        accepted: { head: { token: 2, n: 1 }, rewritten: 1, lost: [], copied: 0 },
      })
      expect(await ledger()).toEqual(['1_a APPLIED', '2_b APPLIED'])
      expect(await world.push(three)).toMatchObject({ state: 'SUCCEEDED', applied: 1 })
      expect(await told()).toEqual(['1_a', '2_b', '3_c'])
      await expectIntact()
    })

    test('given the control table of a target that was only declared, when pushed, then it is refused until the database is accepted', async () => {
      const restore = await world.backUpControl()
      await world.push(two)
      await restore()
      expect(await world.push(three)).toMatchObject(refused('AUDIT_BROKEN'))
      expect(await world.operate('accept-database')).toMatchObject({ before: null, lock: { lockState: 'FREE' } })
      expect(await world.push(three)).toMatchObject({ state: 'SUCCEEDED', applied: 1 })
      expect(await told()).toEqual(['1_a', '2_b', '3_c'])
      expect(await ledger()).toEqual(['1_a APPLIED', '2_b APPLIED', '3_c APPLIED'])
      await expectIntact()
    })

    test('given a database cloned for another target, when pushed, then it is wrong until that target accepts it', async () => {
      await world.push(two)
      await world.push(two)
      const clone = await world.cloneTarget('clone')
      for (let round = 0; round < 2; round++)
        expect(await world.push(three, clone)).toMatchObject(refused('TARGET_WRONG'))
      expect(await world.reconcile(clone)).toMatchObject({ copied: 0, drift: { code: 'TARGET_WRONG' } })
      expect(await ledger(clone)).toEqual([])

      expect(await world.operate('accept-database', clone)).toMatchObject({
        lock: { lockState: 'FREE', token: 3 },
        accepted: { lost: [], copied: 2 },
      })
      expect(await ledger(clone)).toEqual(['1_a APPLIED', '2_b APPLIED'])
      expect(await world.push(three, clone)).toMatchObject({ state: 'SUCCEEDED', applied: 1 })
      expect(await world.push(three)).toMatchObject({ state: 'SUCCEEDED', applied: 1 })
      await expectIntact(clone)
      await expectIntact()
    })

    test('given a database that is as it should be, when it is accepted all the same, then nothing is lost and runs go on', async () => {
      await world.push(two)
      expect(await world.operate('accept-database')).toMatchObject({ accepted: { rewritten: 0, lost: [], copied: 0 } })
      expect(await world.push(three)).toMatchObject({ state: 'SUCCEEDED', applied: 1 })
      await expectIntact()
    })
  })
}

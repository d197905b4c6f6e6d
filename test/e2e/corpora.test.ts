import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyChain } from '../../functions/domain/audit-chain.ts'
import { readCatalog } from '../../scripts/shadow/catalog.ts'
import { folder, startTestCloud, type TestCloud, targetName } from '../support/e2e-cloud.ts'
import { applyPlainly } from '../support/plain-apply.ts'
import { withClient } from '../support/postgres.ts'

const corpora = resolve(import.meta.dirname, '..', '..', '..', 'shared', 'corpora')

let cloud: TestCloud

beforeAll(async () => {
  cloud = await startTestCloud()
})
afterAll(() => cloud[Symbol.asyncDispose]())

describe.each([
  { name: 'umami', migrations: 19 },
  { name: 'kratos', migrations: 346 },
  { name: 'triggerdev', migrations: 820 },
])('the real history of $name', ({ name, migrations }) => {
  const path = resolve(corpora, name)
  const absent = existsSync(path) ? false : `${name} is not here: real histories are kept beside the repository`

  test.skipIf(absent)(
    `given ${absent || 'a fresh target'}, when pushed, then its catalog is that of plain execution, and each has one receipt`,
    async () => {
      const target = targetName(name)
      const run = await cloud.ended(target, await cloud.push(target, await folder(path)), 280_000)
      expect(run.failure).toBeUndefined()
      expect(run).toMatchObject({ state: 'SUCCEEDED', applied: migrations })

      const plain = targetName(`${name}-plain`)
      await cloud.cloud.ensureTarget(plain)
      await applyPlainly(cloud.cloud.databaseUrl(plain), path)
      const [got, expected] = await Promise.all(
        [target, plain].map((each) => withClient(cloud.cloud.databaseUrl(each), readCatalog)),
      )
      expect(Object.values(expected ?? {}).flat().length).toBeGreaterThan(migrations)
      expect(got).toEqual(expected)

      const ledger = await cloud.ledger(target)
      expect(ledger.filter((entry) => entry.state === 'APPLIED')).toHaveLength(migrations)
      const audit = await cloud.audit(target)
      expect(audit.filter((event) => event.type === 'migration.applied')).toHaveLength(migrations)
      expect(verifyChain(audit, (await cloud.cli.status({ target })).chain)).toMatchObject({ intact: true })
    },
    300_000,
  )
})

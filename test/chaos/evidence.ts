import type { AuditType } from '../../functions/domain/audit.ts'
import { verifyChain } from '../../functions/domain/audit-chain.ts'
import { readHistory } from '../../functions/domain/history.ts'
import { databaseUrl } from '../../scripts/local/target-names.ts'
import { readCatalog } from '../../scripts/shadow/catalog.ts'
import { folder } from '../support/e2e-cloud.ts'
import { withClient } from '../support/postgres.ts'
import { type Course, corpusPath } from './course.ts'
import type { Field } from './field.ts'

/** What a target has to show for itself, in the form in which it is compared. */
export interface Evidence {
  /** Of every receipt in order: the migration, or what else it is. */
  readonly receipts: readonly string[]
  /** Migrations in the audit's order of `migration.applied`. */
  readonly applied: readonly string[]
  /** And of `migration.reverted`. */
  readonly reverted: readonly string[]
  readonly ledger: readonly string[]
  readonly progress: number
  readonly chainIntact: boolean
  readonly lock: string | undefined
}

/** What uninterrupted runs leave: all the way up, or up and all the way down again. */
export async function undisturbed({ history, heading }: Course): Promise<Evidence> {
  const names = readHistory(await folder(corpusPath(history))).migrations.map(({ name }) => name)
  const quiet = { applied: names, progress: 0, chainIntact: true, lock: 'FREE' }
  if (heading === 'up') return { ...quiet, receipts: names, reverted: [], ledger: names }
  const reverted = names.toReversed()
  const receipts = [...names, ...reverted.map((name) => `${name} down committed`)]
  return { ...quiet, receipts, reverted, ledger: names.map((name) => `${name} REVERTED`) }
}

/** What is left of a database whose every migration was taken back, besides what comes with each. */
export async function remainsOf(field: Field, course: Course): Promise<readonly unknown[]> {
  const { extensions: _, schemas: __, ...left } = await catalogOf(field, course)
  return Object.values(left).flat()
}

export async function gather({ cloud, database }: Field, { target }: Course): Promise<Evidence> {
  const audit = await cloud.audit(target)
  const { chain, lock } = await cloud.cli.status({ target })
  const told = (wanted: AuditType) =>
    audit.flatMap(({ type, data }) => (type === wanted ? [String(data.migration)] : []))
  const ledger = await cloud.ledger(target)
  return {
    ...(await inDatabase(databaseUrl(database.url, target))),
    applied: told('migration.applied'),
    reverted: told('migration.reverted'),
    ledger: ledger.map(({ migration, state }) => (state === 'APPLIED' ? migration : `${migration} ${state}`)),
    chainIntact: verifyChain(audit, chain).intact,
    lock: lock?.lockState,
  }
}

export const catalogOf = ({ database }: Field, { target }: Pick<Course, 'target'>) =>
  withClient(databaseUrl(database.url, target), readCatalog)

const readReceipts = `
  select case when outcome = 'committed' and direction = 'up' then migration else concat_ws(' ', migration, direction, outcome) end as said
  from lockstep.receipt
  order by token, n`

const inDatabase = (url: string): Promise<Pick<Evidence, 'receipts' | 'progress'>> =>
  withClient(url, async (client) => {
    const receipts = await client.query<{ said: string }>(readReceipts)
    const progress = await client.query('select from lockstep.progress')
    return { receipts: receipts.rows.map(({ said }) => said), progress: progress.rows.length }
  })

import { isDeepStrictEqual } from 'node:util'
import { verifyChain } from '../../functions/domain/audit-chain.ts'
import { ledgerEntries } from '../../functions/domain/ledger.ts'
import { compareReceiptKeys, copyOf, type Receipt } from '../../functions/domain/receipt.ts'
import type { RunId } from '../../functions/domain/types.ts'
import type { Pushable } from './interleaving-bundles.ts'
import { appliedBy, committed, must, show } from './interleaving-must.ts'
import type { RollbackInvariants } from './interleaving-rollback-invariants.ts'
import { dataOf, recordsOf, type World } from './interleaving-world.ts'

/** What must hold in every world, whatever happens in it. */
export interface Invariants {
  /** Looks at what changed since the last look. @throws Error naming what does not hold */
  look(): void
  /** A restore took this back: what grew before may be less now. */
  forget(store: 'target' | 'control'): void
  /** Looks at everything, once the world is at rest and its last run went well. */
  lookAtEnd(restored: ReadonlySet<string>): void
  /** Looks at what must hold even where runs are refused. */
  lookAtChain(): void
}

export function makeInvariants(
  world: World,
  pushed: ReadonlyMap<RunId, Pushable>,
  rollbacks: RollbackInvariants,
): Invariants {
  let receiptsSeen = 0
  let projectedSeen = recordsOf(world).chain.projected
  let lockToken = 0
  let fenceToken = 0
  let eventsSeen = 0

  const lookAtReceipts = (): void => {
    const { receipts } = dataOf(world)
    for (; receiptsSeen < receipts.length; receiptsSeen++) {
      const receipt = receipts[receiptsSeen]
      if (receipt === undefined) return
      const before = receipts.slice(0, receiptsSeen)
      const last = before.at(-1)
      const { key } = receipt
      must(
        last === undefined || compareReceiptKeys(last.key, key) < 0,
        `receipt ${show(receipt)} follows ${show(last)}`,
      )
      must(
        projectedSeen === null || (last !== undefined && compareReceiptKeys(projectedSeen, last.key) <= 0),
        `receipt ${show(receipt)} is written although the ledger is ahead of the database`,
      )
      if (receipt.direction === 'down') rollbacks.lookAtDown(receipt, before)
      else if (receipt.outcome === 'committed') lookAtCommit(receipt, before)
    }
  }

  const lookAtCommit = (receipt: Receipt, before: readonly Receipt[]): void => {
    const { migration, run, checksum } = receipt
    const pushable = pushed.get(run)
    const last = committed(before).findLast((other) => other.migration === migration)
    must(last?.direction !== 'up', `${show(receipt)} commits a second time what ${show(last)} committed`)
    const isAsked = (pushable?.releases ?? false) || (last !== undefined && rollbacks.isReleased(last))
    const isHeldBack = last !== undefined && last.checksum === checksum && !isAsked
    must(!isHeldBack, `${show(receipt)} undoes the rollback ${show(last)}`)
    const applied = new Set(appliedBy(before).map((other) => other.migration))
    const earlier = pushable?.migrations.find((name) => name < migration && !applied.has(name))
    must(earlier === undefined, `${show(receipt)} is committed before ${earlier}`)
  }

  return {
    look() {
      const [data, { lock, chain, events }] = [dataOf(world), recordsOf(world)]
      const fence = data.fences.get(world.settings.target)?.token ?? 0
      must(fence >= fenceToken, `the fence falls from ${fenceToken} to ${fence}`)
      must((lock?.token ?? 0) >= lockToken, `the token of LOCK falls from ${lockToken} to ${lock?.token}`)
      const ran = data.ran.map(({ migration, direction, sql }) => `${migration} ${direction}: ${sql}`)
      must(new Set(ran).size === ran.length, `a text took effect twice: ${JSON.stringify(twice(ran))}`)
      lookAtReceipts()
      rollbacks.look()
      const half = data.progress.find(
        ({ migration, direction }) => data.applied.has(migration) === (direction === 'up'),
      )
      must(half === undefined, `${half?.migration} went ${half?.direction}, and is half on its way there`)
      must(
        events.length === chain.seq && events.length >= eventsSeen,
        `the chain is at ${chain.seq} with ${events.length} events`,
      )
      fenceToken = fence
      lockToken = lock?.token ?? 0
      projectedSeen = chain.projected
      eventsSeen = events.length
    },
    forget(store) {
      if (store === 'control') {
        lockToken = 0
        eventsSeen = 0
        projectedSeen = recordsOf(world).chain.projected
        return
      }
      fenceToken = 0
      receiptsSeen = dataOf(world).receipts.length
    },
    lookAtChain() {
      const { events, chain } = recordsOf(world)
      must(verifyChain(events, chain).intact, 'the audit chain does not verify')
    },
    lookAtEnd(restored) {
      const { receipts, progress } = dataOf(world)
      const { events, chain, ledger, lock, runs } = recordsOf(world)
      must(lock?.lockState === 'FREE', `the lease is ${lock?.lockState}`)
      // A restored control table may know a run as running whose message was answered since.
      const open = [...runs.values()].find(({ record }) => record.finishedAt === undefined)
      must(open === undefined || restored.has('control'), `run ${open?.record.id} is ${open?.record.state}`)
      must(progress.length === 0, 'something is half applied')
      must(isDeepStrictEqual(chain.projected, receipts.map(copyOf).at(-1) ?? null), 'the ledger lacks receipts')
      for (const entry of ledgerEntries(receipts)) {
        must(isDeepStrictEqual(ledger.get(entry.migration), entry), `the ledger differs in ${entry.migration}`)
      }
      must(
        ledger.size === new Set(receipts.map(({ migration }) => migration)).size || restored.size > 0,
        'the ledger knows too much',
      )
      for (const receipt of receipts) {
        const told = events.filter(
          ({ token, type, data }) =>
            type.startsWith('migration.') &&
            type !== 'migration.retried' &&
            token === receipt.key.token &&
            data.n === receipt.key.n,
        )
        must(
          told.length === 1 || (told.length > 1 && restored.has('target')),
          `${show(receipt)} is told ${told.length} times`,
        )
      }
    },
  }
}

const twice = (texts: readonly string[]) => texts.find((text, index) => texts.indexOf(text) !== index)

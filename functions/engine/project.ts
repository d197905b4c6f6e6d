import type { AuditDraft, Json } from '../domain/audit.ts'
import { refuseOtherPast } from '../domain/drift.ts'
import { compareReceiptKeys, type Receipt, type ReceiptKey } from '../domain/receipt.ts'
import type { ChainHead } from '../domain/records.ts'
import type { TargetName } from '../domain/types.ts'
import { type ControlStore, maxReceipts } from './control-store.ts'
import type { TargetSession } from './target-database.ts'

/**
 * Copies receipts to the ledger and the audit stream, in batches, while the next step already runs.
 *
 * The receipts are an outbox. Projection needs no lease: it only copies what is true, and the chain's condition puts concurrent
 * projectors in order. The same code runs after a crash, so there is no other path.
 */
export interface Projector {
  /**
   * Copies whatever the ledger lacks; reads the chain first, then the receipts. Returns the chain as it is then.
   *
   * @throws LockstepError DRIFT when the database lacks the newest receipt that the ledger copied
   */
  catchUp(): Promise<ChainHead>
  /** Appends events to the chain as `catchUp` left it; `moved` when another wrote since. */
  append(events: readonly AuditDraft[]): Promise<'done' | 'moved'>
  /** Hands over an event that is to stand in the chain before the next receipt. */
  tell(event: AuditDraft): void
  /** Hands over a receipt that was just committed. */
  offer(receipt: Receipt): void
  /**
   * Waits until everything offered is copied.
   *
   * @throws LockstepError whatever stopped the copying
   */
  drain(): Promise<void>
}

interface ProjectorPorts {
  readonly control: ControlStore
  readonly session: TargetSession
  readonly target: TargetName
  /** Who asked for the run that the receipts are copied in. */
  readonly actor: string
}

/**
 * Makes the projector of a target for one session.
 *
 * It works from receipts in hand only while they follow what the chain has copied without a gap. Whenever that is not certain
 * (at the start, after a refusal) it is `behind`, and reads: the chain first, then the receipts.
 */
export function makeProjector({ control, session, target, actor }: ProjectorPorts): Projector {
  let inHand: Receipt[] = []
  let told: AuditDraft[] = []
  let newest: ReceiptKey | null = null
  let chain: ChainHead | undefined
  let behind = true
  let working: Promise<void> | undefined
  let failure: unknown

  const read = async (): Promise<ChainHead> => {
    behind = true
    const head = await control.readChain(target)
    inHand = await receiptsBehind(head)
    // What was offered while we read was committed before it was offered, so the next reading finds it.
    behind = inHand.length > 0 || isBefore(head.projected, newest)
    chain = head
    return head
  }

  /** Receipts that the ledger lacks, if the newest one that it has is in this database. */
  const receiptsBehind = async ({ projected }: ChainHead): Promise<Receipt[]> => {
    if (projected === null) return [...(await session.receiptsAfter(null, maxReceipts))]
    const [known, ...later] = await session.receiptsAfter({ ...projected, n: projected.n - 1 }, maxReceipts + 1)
    refuseOtherPast(projected, known)
    return later
  }

  const write = async (seen: ChainHead): Promise<void> => {
    const telling = told.slice(0, maxTold)
    const receipts = inHand.slice(0, maxReceipts - maxTold)
    const events = [...telling, ...receipts.map((receipt) => eventOf(receipt, actor))]
    const answer = await control.project({ target, seen, receipts, events })
    // Never again with receipts in hand: across a restore they may be of another past.
    if (answer === 'moved') {
      behind = true
      inHand = []
      return
    }
    chain = answer
    told = told.slice(telling.length)
    inHand.splice(0, receipts.length)
  }

  const work = async (): Promise<ChainHead> => {
    for (;;) {
      const head = chain === undefined || (behind && inHand.length === 0) ? await read() : chain
      if (inHand.length > 0 || told.length > 0) await write(head)
      else if (!behind) return head
    }
  }

  const start = (): void => {
    if (working !== undefined || failure !== undefined) return
    working = work()
      .then(() => undefined)
      .catch((error) => {
        failure = error
      })
      .finally(() => {
        working = undefined
        if (inHand.length > 0 || told.length > 0) start()
      })
  }

  return {
    catchUp: work,
    async append(events) {
      const seen = chain ?? (await read())
      const answer = await control.project({ target, seen, receipts: [], events })
      if (answer === 'moved') {
        behind = true
        return 'moved'
      }
      chain = answer
      return 'done'
    },
    tell(event) {
      told.push(event)
      start()
    },
    offer(receipt) {
      newest = receipt.key
      if (!behind) inHand.push(receipt)
      start()
    },
    async drain() {
      while (working !== undefined) await working
      if (failure !== undefined) throw failure
    },
  }
}

/** Events told between receipts share their transaction, which has room for a few. */
const maxTold = 10

const isBefore = (a: ReceiptKey | null, b: ReceiptKey | null): boolean =>
  b !== null && (a === null || compareReceiptKeys(a, b) < 0)

const eventTypes = { up: 'migration.applied', down: 'migration.reverted' } as const

const eventOf = (receipt: Receipt, actor: string): AuditDraft => ({
  type: receipt.outcome === 'failed' ? 'migration.failed' : eventTypes[receipt.direction],
  at: receipt.finishedAt,
  run: receipt.run,
  actor,
  token: receipt.key.token,
  data: {
    migration: receipt.migration,
    n: receipt.key.n,
    checksum: receipt.checksum,
    bundle: receipt.bundle,
    durationMs: receipt.durationMs,
    attempt: receipt.attempt,
    outOfOrder: receipt.outOfOrder || undefined,
    kept: receipt.direction === 'up' ? keptOf(receipt) : undefined,
    restored: receipt.direction === 'down' ? keptOf(receipt) : undefined,
    failure:
      receipt.failure === undefined ? undefined : { code: receipt.failure.code, sqlState: receipt.failure.sqlState },
  },
})

/** An item takes 400 kB; the receipt has them all. */
const mostKept = 50
const mostColumns = 20

const keptOf = ({ kept }: Receipt): Json | undefined =>
  kept?.slice(0, mostKept).map(({ table, columns, rows }) => ({ table, columns: columns?.slice(0, mostColumns), rows }))

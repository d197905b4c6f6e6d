import { compareReceiptKeys, type Receipt } from '../../functions/domain/receipt.ts'
import { instant, revision, runId, token, workerId } from '../../functions/domain/types.ts'
import { headOf, recordReceipt } from '../support/memory-target.ts'
import { dataOf, recordsOf, sessionsOf, type World } from './interleaving-world.ts'

/**
 * Does in one moment what a rollback run of the newest migration does: lease, fence, `down` receipt, release. It waits for a free
 * lease, and so competes with apply runs only between theirs; a run of its own, through `advance`, takes this place once there is one.
 *
 * @returns false when it has to wait, or has nothing to take back
 */
export function rollBackNewest(world: World): boolean {
  const [data, records] = [dataOf(world), recordsOf(world)]
  const { lock, chain } = records
  const newest = [...data.applied.values()].at(-1)
  const fence = data.fences.get(world.settings.target)
  if (lock?.lockState !== 'FREE' || sessionsOf(world).length > 0 || data.progress.length > 0) return false
  if (newest === undefined || fence === undefined || fence.token > lock.token || fence.token < (lock.raised ?? 0))
    return false
  const head = headOf(data)
  if (head === null || (chain.projected !== null && compareReceiptKeys(chain.projected, head) > 0)) return false

  const mine = token(lock.token + 1)
  const at = instant(new Date(Date.parse(newest.at) + 1))
  const last = data.receipts.findLast(({ migration }) => migration === newest.migration)
  if (last === undefined) return false
  const receipt: Receipt = {
    ...{ ...last, key: { token: mine, n: 1 }, direction: 'down', outcome: 'committed', attempt: 1 },
    ...{ run: runId(`r-rollback-${mine}`), startedAt: at, finishedAt: at, durationMs: 0, outOfOrder: false },
  }
  records.lock = { ...lock, token: mine, revision: revision(`rollback.${mine}`), attachedOnce: true, raised: mine }
  data.fences.set(world.settings.target, { token: mine, worker: workerId(`rollback.${mine}`) })
  recordReceipt(data, receipt)
  world.tell('rollback', `takes ${newest.migration} back as ${mine}.1`)
  return true
}

import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { asLockstepError } from '../domain/errors.ts'
import type { TargetName } from '../domain/types.ts'
import { composeWatch, makeLogger } from '../edge/compose.ts'
import { readWatchConfig } from '../edge/config.ts'
import { makeMetrics } from '../edge/metrics.ts'
import { logContext } from '../edge/middleware.ts'
import { parseWatchOrder, type WatchOrder } from '../edge/watch-order.ts'
import { copyMissingEvents, watchTarget } from '../engine/watch-target.ts'

const logger = makeLogger('lockstep-watch')
const config = readWatchConfig()
const publish = makeMetrics(config.deployment)
const ports = composeWatch(config, logger)

/** What the runner may take for one target; the others come after it. */
const reconcileBudgetMs = 60_000

interface WatchAnswer {
  readonly watched: number
}

/** One target's trouble keeps no other from being watched; it makes the invocation fail in the end, so that it is counted. */
const answer = async (event: unknown, context: Context): Promise<WatchAnswer> => {
  const order = parseWatchOrder(event)
  const failed: TargetName[] = []
  for (const target of order.targets) {
    await acts[order.action](target, context).catch((thrown: unknown) => {
      logger.error('target not watched', { target, reason: asLockstepError(thrown).message })
      failed.push(target)
    })
  }
  if (failed.length > 0) throw new Error(`not watched: ${failed.join(', ')}`)
  return { watched: order.targets.length }
}

const look = async (target: TargetName): Promise<void> => {
  const { heartbeatAgeMs, leaseAgeMs, auditLagMs } = await watchTarget(ports, target)
  publish(target, { HeartbeatAge: heartbeatAgeMs / 1000, LeaseAge: leaseAgeMs / 1000, AuditLag: auditLagMs / 1000 })
}

const reconcile = async (target: TargetName, { awsRequestId: requestId }: Context): Promise<void> => {
  publish(target, { AuditEventsCopied: await copyMissingEvents(ports, target) })
  const actor = { kind: 'claimed', name: 'schedule', requestId } as const
  await ports.askReconcile({ action: 'reconcile', target, actor, budgetMs: reconcileBudgetMs })
}

const acts: Readonly<Record<WatchOrder['action'], (target: TargetName, context: Context) => Promise<void>>> = {
  look,
  reconcile,
}

/** What the schedules invoke: looks at every target from outside, and has each reconciled with its database. */
export const handler = middy<unknown, WatchAnswer>().use(logContext(logger)).handler(answer)

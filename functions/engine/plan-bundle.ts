import type { Bundle } from '../domain/bundle.ts'
import { refuseUncertified, withCertificate } from '../domain/certificate.ts'
import { compileStep } from '../domain/compile-step.ts'
import { readHistory } from '../domain/history.ts'
import { releasedIn } from '../domain/ledger.ts'
import { heldBack, planUp } from '../domain/plan.ts'
import type { TargetState } from '../domain/target-state.ts'
import type { MigrationName } from '../domain/types.ts'
import { admitSignature } from './admit.ts'
import type { Planner } from './apply.ts'
import type { RunContext } from './run-context.ts'

/**
 * Makes the planner of a bundle: what of its history is pending, in order.
 *
 * @throws LockstepError when the bundle holds no history; the planner SIGNATURE_REPLAYED when another run came first
 */
export function bundlePlanner(context: RunContext, bundle: Bundle): Planner {
  const { settings, parse } = context
  const history = readHistory(bundle)
  const wished = bundle.manifest?.reapply ?? []
  return async (state) => {
    await admitSignature(context, bundle)
    const held = heldBack(history, state, wished)
    const reapply = held.length === 0 ? wished : [...wished, ...(await readReleased(context, state))]
    const { steps, notices } = planUp({ history, state, policy: settings.policy, reapply })
    const orders = steps.map(({ migration, outOfOrder }) => ({
      source: withCertificate(compileStep(migration, bundle, parse), bundle.manifest),
      direction: 'up' as const,
      bundle: bundle.digest,
      outOfOrder,
    }))
    if (settings.policy.requireCertificate) refuseUncertified(orders.map(({ source }) => source))
    return { steps: orders, notices }
  }
}

/** The ledger is only asked where something is held back. */
const readReleased = async ({ control, request }: RunContext, state: TargetState): Promise<readonly MigrationName[]> =>
  releasedIn(await control.readLedger(request.target), state)

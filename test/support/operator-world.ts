import type { OperatorPorts } from '../../functions/engine/operator-act.ts'
import type { UnlockAnswer, UnlockRequest } from '../../functions/engine/runner-contract.ts'
import { unlock } from '../../functions/engine/unlock.ts'
import type { World } from './engine-world.ts'

let requests = 0

/** What an operator asks, in an invocation of its own. */
export const wishOf = (
  world: World,
  wish: UnlockRequest['wish'],
  changes: Partial<UnlockRequest> = {},
): UnlockRequest => {
  requests += 1
  return {
    action: 'unlock',
    wish,
    target: world.target,
    reason: 'incident 7',
    force: false,
    actor: { kind: 'claimed', name: 'ada', requestId: `request-${requests}` },
    budgetMs: 890_000,
    ...changes,
  }
}

/** Fulfils an operator's wish in the world, on its ports or on others. */
export function operate(
  world: World,
  wish: UnlockRequest['wish'],
  { ports = world.ports, ...changes }: Partial<UnlockRequest> & { readonly ports?: OperatorPorts } = {},
): Promise<UnlockAnswer> {
  const request = wishOf(world, wish, changes)
  const endsAtMs = world.clock.monotonicMs() + request.budgetMs
  return unlock(ports, request, { remainingMs: () => endsAtMs - world.clock.monotonicMs() })
}

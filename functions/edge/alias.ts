import { LockstepError } from '../domain/errors.ts'
import type { TargetName } from '../domain/types.ts'

/**
 * Refuses an invocation whose alias is not the target that its payload names.
 *
 * IAM sees which alias is invoked, and never a payload: so each target has an alias on each front, a grant names the alias, and this
 * makes the payload keep to it. Without an alias (`$LATEST`) nothing is granted, and nothing is answered.
 *
 * @param invokedFunctionArn `arn:aws:lambda:<region>:<account>:function:<name>[:<alias>]`
 * @throws LockstepError ALIAS_WRONG
 */
export function requireAlias(invokedFunctionArn: string, target: TargetName): void {
  const alias = invokedFunctionArn.split(':')[7]
  if (alias === target) return
  const got = alias === undefined ? 'no alias' : `alias "${alias}"`
  throw new LockstepError(
    'ALIAS_WRONG',
    `expected to be invoked by alias "${target}", which the payload names, got ${got}`,
  )
}

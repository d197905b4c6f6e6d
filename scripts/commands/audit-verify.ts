import type { TargetName } from '../../functions/domain/types.ts'
import { type AuditProof, proveAudit } from '../cli/audit-proof.ts'
import { type Context, type Outcome, succeeded } from '../cli/command.ts'
import { connect } from '../cli/connection.ts'
import type { PlaceOption } from '../cli/options.ts'
import type { Output } from '../cli/output.ts'
import { count } from '../cli/units.ts'

interface AuditVerifyInput extends PlaceOption {
  readonly target: TargetName
}

/**
 * Reads all audit events of a target and walks their hash chain; says which event, if any, was changed, is missing, or does not
 * follow.
 *
 * @throws LockstepError TARGET_UNKNOWN, USAGE, LOCAL_NOT_RUNNING, AWS_UNREACHABLE, AWS_DENIED
 */
export async function auditVerify(context: Context, input: AuditVerifyInput): Promise<Outcome> {
  const { target } = input
  const cloud = await connect(context, input)
  const proof = await proveAudit(cloud.status, target)
  const { verdict, events, failure } = proof
  if (failure !== undefined) return { document: { target, events, ...verdict }, failures: [failure] }
  showProof(proof, context.output)
  return succeeded({ target, events, ...verdict })
}

const showProof = ({ events, head }: AuditProof, output: Output): void => {
  output.line(
    `${output.paint('green', '✓')} ${count(events, 'audit event')}: each is as it was written and follows the one before it`,
  )
  output.line(output.paint('dim', `  head ${head.hash}`))
}

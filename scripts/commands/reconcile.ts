import type { TargetName } from '../../functions/domain/types.ts'
import type { InvalidIndex } from '../../functions/engine/target-database.ts'
import { claimedActor } from '../cli/claimed-actor.ts'
import type { Context, Outcome } from '../cli/command.ts'
import { connect } from '../cli/connection.ts'
import type { PlaceOption } from '../cli/options.ts'
import { count } from '../cli/units.ts'

/**
 * Copies receipts that the ledger lacks, and tells whether database and ledger disagree, and which indexes a build has left invalid; the
 * database is only read.
 *
 * @throws LockstepError TARGET_UNKNOWN, AUDIT_BROKEN, and what the database says when it does not answer
 */
export async function reconcile(
  context: Context,
  input: PlaceOption & { readonly target: TargetName },
): Promise<Outcome> {
  const { target } = input
  const cloud = await connect(context, input)
  const answer = await cloud.operate({ action: 'reconcile', target, actor: claimedActor(context) })
  const { copied, drift, invalidIndexes } = answer
  if (drift === undefined) context.output.line(`${count(copied, 'receipt')} copied; ledger and database agree`)
  for (const line of invalidIndexes.flatMap(invalidText)) context.output.line(line)
  return { document: answer, failures: drift === undefined ? [] : [drift] }
}

const invalidText = ({ index, table }: InvalidIndex): readonly string[] => [
  `invalid index ${index} on ${table}: maintained with every write, used for nothing`,
  `  drop index concurrently ${index};`,
]

import type { KeptTable } from '../../functions/domain/kept-table.ts'
import type { TargetName } from '../../functions/domain/types.ts'
import { claimedActor } from '../cli/claimed-actor.ts'
import { type Context, type Outcome, succeeded } from '../cli/command.ts'
import { confirm } from '../cli/confirm.ts'
import { connect } from '../cli/connection.ts'
import type { PlaceOption } from '../cli/options.ts'
import { table } from '../cli/table.ts'
import { count, formatAge, formatBytes } from '../cli/units.ts'

interface KeptInput extends PlaceOption {
  readonly target: TargetName
  /** In milliseconds. */
  readonly olderThan: number
}

/**
 * Lists what migrations dropped and is still kept, the oldest first.
 *
 * @throws LockstepError TARGET_UNKNOWN, and what the database says when it does not answer
 */
export async function keptList(context: Context, input: KeptInput): Promise<Outcome> {
  const { target, olderThan } = input
  const cloud = await connect(context, input)
  const actor = claimedActor(context)
  const answer = await cloud.operate({ action: 'kept-list', target, olderThanMs: olderThan, actor })
  for (const line of listText(answer.tables)) context.output.line(line)
  return succeeded(answer)
}

/**
 * Drops for good what was kept long enough ago, after it was shown and confirmed; told in the audit.
 *
 * @throws LockstepError LEASE_HELD while a run works, TARGET_FROZEN; INTERRUPTED when it is not confirmed
 */
export async function keptDrop(context: Context, input: KeptInput & { readonly yes?: boolean }): Promise<Outcome> {
  const { output } = context
  const { target, olderThan, yes } = input
  const cloud = await connect(context, input)
  const asks = { target, olderThanMs: olderThan, actor: claimedActor(context) }
  if (yes !== true) {
    const { tables } = await cloud.operate({ action: 'kept-list', ...asks })
    for (const line of listText(tables)) output.line(line)
    if (tables.length > 0) await confirm('Drop them for good? No rollback brings these values back then.')
  }
  const answer = await cloud.operate({ action: 'kept-drop', ...asks })
  for (const each of answer.tables) output.line(`dropped: ${what(each)}, ${count(each.rows, 'row')}`)
  if (answer.tables.length === 0) output.line('nothing to drop')
  return succeeded(answer)
}

const listText = (tables: readonly KeptTable[]): readonly string[] => {
  if (tables.length === 0) return ['nothing is kept']
  const rows = tables.map((each) => [
    each.migration,
    what(each),
    count(each.rows, 'row'),
    formatBytes(each.bytes),
    formatAge(Date.now() - Date.parse(each.at)),
  ])
  return table(rows, ['left', 'left', 'right', 'right'])
}

const what = ({ table: name, columns }: KeptTable): string =>
  columns === undefined ? name : `${name} (${columns.join(', ')})`

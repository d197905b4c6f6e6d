import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as z from 'zod'
import { LockstepError } from '../../functions/domain/errors.ts'

const answer = z.object({ ledger: z.array(z.object({ migration: z.string() })) })
const root = join(import.meta.dirname, '..', '..')

/**
 * Refuses a target that somebody uses: the checks push to it, and roll back.
 *
 * @throws LockstepError USAGE for a target that has other migrations than ours, or that can't be asked
 */
export async function refuseForeignTarget(target: string, env: Readonly<Record<string, string>>): Promise<void> {
  const command = [join(root, 'scripts', 'lockstep.js'), 'status', '--target', target, '--json', '--no-local']
  const asked = await promisify(execFile)(process.execPath, command, { env }).catch(
    ({ stderr }: { stderr: string }) => {
      throw new LockstepError('USAGE', `target ${target} can't be asked: ${stderr.trim().split('\n')[0]}`)
    },
  )
  const { ledger } = answer.parse(JSON.parse(asked.stdout))
  const foreign = ledger.map(({ migration }) => migration).filter((name) => !name.includes('_lockstep_verify'))
  if (foreign.length === 0) return
  throw new LockstepError('USAGE', `target ${target} has migrations of its own, the first is ${foreign[0]}`, {
    hint: 'name a target on a database that nobody needs: what it holds is rolled back',
  })
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { type AwsCheck, missingWants } from './read-checks.ts'

/** How a check ended: what it claims was shown, or was not, or it does not apply here. */
export interface CheckResult {
  readonly id: string
  readonly claim: string
  readonly result: 'shown' | 'not shown' | 'skipped'
  /** Why not; nothing where it was shown. */
  readonly reason: string
  readonly tookMs: number
}

/** By which a check says that it does not apply. */
const skippedStatus = 3
const root = join(import.meta.dirname, '..', '..')
const prelude = join(import.meta.dirname, 'prelude.sh')

/** Runs one check in a shell of its own, behind what all checks share; Ctrl-C ends both. Never throws for what the check says. */
export async function runCheck(check: AwsCheck, env: Readonly<Record<string, string>>): Promise<CheckResult> {
  const { id, claim } = check
  const missing = missingWants(check, env)
  if (missing.length > 0) return { id, claim, result: 'skipped', reason: `set ${missing.join(' and ')}`, tookMs: 0 }
  const startedAt = performance.now()
  const child = spawn('bash', ['-c', 'source "$0" && source "$1"', prelude, check.file], {
    cwd: root,
    env,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  const [complained, said, [status]] = await Promise.all([
    text(child.stdio[2] as Readable),
    text(child.stdio[3] as Readable),
    once(child, 'close'),
  ])
  const tookMs = performance.now() - startedAt
  if (status === 0) return { id, claim, result: 'shown', reason: '', tookMs }
  const result = status === skippedStatus ? 'skipped' : 'not shown'
  return { id, claim, result, reason: said.trim() || lastLines(complained) || `exit status ${status}`, tookMs }
}

/** A command that failed has said why at the end. */
const lastLines = (text: string): string => text.trim().split('\n').slice(-4).join('\n')

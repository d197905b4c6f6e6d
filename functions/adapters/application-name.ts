import { createHash } from 'node:crypto'
import { type TargetName, type Token, token } from '../domain/types.ts'

/** PostgreSQL cuts longer names off, and the token stands last. */
const longestName = 63
const longestToken = String(Number.MAX_SAFE_INTEGER).length

/** Names a session `lockstep:<target>:<token>`; the middle of a target's name that is too long gives way to a digest. */
export const applicationName = (target: TargetName, ours: Token): string => `${prefixOf(target)}${ours}`

/** Reads the token of a session of ours for this target; undefined for anyone else's. */
export const tokenIn = (name: string, target: TargetName): Token | undefined => {
  const prefix = prefixOf(target)
  const digits = name.slice(prefix.length)
  return name.startsWith(prefix) && /^\d+$/.test(digits) ? token(Number(digits)) : undefined
}

const prefixOf = (target: TargetName): string => {
  const room = longestName - 'lockstep::'.length - longestToken
  if (target.length <= room) return `lockstep:${target}:`
  const digest = createHash('sha256').update(target).digest('hex').slice(0, 8)
  return `lockstep:${target.slice(0, room - digest.length - 1)}~${digest}:`
}

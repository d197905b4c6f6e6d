import { createHash } from 'node:crypto'
import type { TargetName } from '../../functions/domain/types.ts'

/** What a target of the embedded cloud has in PostgreSQL. */
export interface TargetNames {
  readonly database: string
  /** Owns the database and everything that migrations make. */
  readonly applicationRole: string
  readonly loginRole: string
  /** Owns schema `lockstep`. */
  readonly ownerRole: string
}

/** Names a target's database and roles: always the same for a target, and never the same for two. */
export const namesOf = (target: TargetName): TargetNames => ({
  database: reserved.has(target) ? `${target}_db` : target,
  applicationRole: roleName(target, 'app'),
  loginRole: roleName(target, 'login'),
  ownerRole: roleName(target, 'lockstep'),
})

/** Names a target's database on a server, with the user of the server's URL. */
export const databaseUrl = (serverUrl: string, target: TargetName): string => {
  const url = new URL(serverUrl)
  url.pathname = `/${namesOf(target).database}`
  return url.href
}

/** Legal names of targets that every server has taken; an underscore is none of a target's characters. */
const reserved: ReadonlySet<string> = new Set(['postgres', 'template0', 'template1'])

/** PostgreSQL cuts longer names off, without a word. */
const longestName = 63
const digestLength = 8

const roleName = (target: TargetName, suffix: string): string => {
  const name = `${target}_${suffix}`
  if (name.length <= longestName) return name
  const digest = createHash('sha256').update(target).digest('hex').slice(0, digestLength)
  const tail = `_${digest}_${suffix}`
  return `${target.slice(0, longestName - tail.length)}${tail}`
}

import { hostname } from 'node:os'
import type { Context } from './command.ts'

/** Says who asks, as far as this machine knows; the audit event marks it as claimed. */
export const claimedActor = ({ env }: Context): string => `${env.USER || env.USERNAME || 'unknown'}@${hostname()}`

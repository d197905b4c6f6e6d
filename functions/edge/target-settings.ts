import * as z from 'zod'
import { LockstepError } from '../domain/errors.ts'
import { defaultLimits } from '../domain/limits.ts'
import type { TargetSettings } from '../domain/settings.ts'
import { isPublicKey, isSignerId } from '../domain/signer.ts'
import { isTargetName } from '../domain/types.ts'
import { policyDefaults, settingsDefaults } from './settings-defaults.ts'

/** A slice has to be far longer than a lease: a dead holder's is watched for a whole one inside one invocation. */
const longestLeaseMs = 300_000
const count = z.number().int().positive()
/** 0 = none, as in PostgreSQL. */
const timeoutMs = z.number().int().nonnegative()

const credential = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('iam') }),
    z.strictObject({
      kind: z.literal('secret'),
      arn: z.string().regex(/^arn:[^:]+:secretsmanager:[^:]+:[^:]*:secret:.+$/),
    }),
    z.strictObject({ kind: z.literal('password'), password: z.string() }),
  ])
  .default({ kind: 'iam' })

const connection = z.strictObject({
  host: z.string().min(1),
  port: z.number().int().min(1).max(65_535).default(5432),
  database: z.string().min(1),
  user: z.string().min(1),
  credential,
  tls: z.enum(['verify', 'off']).default('verify'),
  authorities: z.string().includes('-----BEGIN CERTIFICATE-----').optional(),
})

const targetName = z.string().refine(isTargetName, 'expected a target name, [a-z0-9][a-z0-9-]{0,62}')

const signer = z.strictObject({
  id: z.string().refine(isSignerId, 'expected letters, digits, dots, dashes; at most 63'),
  publicKey: z.string().refine(isPublicKey, 'expected a P-256 public key, the base64 of its DER'),
})

const signers = z
  .array(signer)
  .refine((all) => new Set(all.map(({ id }) => id)).size === all.length, 'expected ids that differ')

const policy = z.strictObject({
  outOfOrder: z.enum(['apply', 'refuse']).default(policyDefaults.outOfOrder),
  requireManifest: z.boolean().default(policyDefaults.requireManifest),
  requireCertificate: z.boolean().default(policyDefaults.requireCertificate),
  signers: signers.default([]),
  after: targetName.nullable().default(policyDefaults.after),
  stepAttempts: count.default(policyDefaults.stepAttempts),
  faultAttempts: count.default(policyDefaults.faultAttempts),
  faultWindowMs: count.default(policyDefaults.faultWindowMs),
  keepBytes: count.default(policyDefaults.keepBytes),
  keepRows: count.default(policyDefaults.keepRows),
})

const limits = z.strictObject({
  files: count.default(defaultLimits.files),
  fileBytes: count.default(defaultLimits.fileBytes),
  inflatedBytes: count.default(defaultLimits.inflatedBytes),
  ratio: count.default(defaultLimits.ratio),
})

const targetSettings = z
  .strictObject({
    target: targetName,
    connection,
    applicationRole: z.string().min(1),
    searchPath: z.string().min(1).default(settingsDefaults.searchPath),
    lockTimeoutMs: timeoutMs.default(settingsDefaults.lockTimeoutMs),
    statementTimeoutMs: timeoutMs.default(settingsDefaults.statementTimeoutMs),
    leaseMs: count.max(longestLeaseMs).default(settingsDefaults.leaseMs),
    heartbeatMs: count.default(settingsDefaults.heartbeatMs),
    policy: policy.prefault({}),
    limits: limits.prefault({}),
  })
  .refine(({ leaseMs, heartbeatMs }) => heartbeatMs * 2 <= leaseMs, {
    path: ['heartbeatMs'],
    error: 'expected at most half of leaseMs, so that one lost heartbeat loses no lease',
  })
  .refine(({ connection: { credential, tls } }) => credential.kind !== 'iam' || tls === 'verify', {
    path: ['connection', 'tls'],
    error: 'expected verify with credential iam: a token is a password, and whoever reads it may log in',
  })
  .refine(({ target, policy: { after } }) => after !== target, {
    path: ['policy', 'after'],
    error: 'expected another target: on itself no bundle could be the first',
  })

/** A target's settings as a deploy writes them; what is left out has its default. */
export type TargetSettingsInput = z.input<typeof targetSettings>

/**
 * Parses a target's settings, given at deploy or read from the control table, and fills in the defaults. Unknown fields are
 * refused, since a mistyped policy would be a policy that does not hold.
 *
 * @throws LockstepError SETTINGS_INVALID saying which field, and what was expected
 */
export function parseTargetSettings(raw: unknown): TargetSettings {
  const parsed = targetSettings.safeParse(raw)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'settings'}: ${message}`)
  throw new LockstepError('SETTINGS_INVALID', `settings of target ${nameIn(raw)}: ${issues.join('; ')}`)
}

const nameIn = (raw: unknown): string => {
  const name = z.object({ target: z.string() }).safeParse(raw)
  return name.success ? name.data.target : 'without a name'
}

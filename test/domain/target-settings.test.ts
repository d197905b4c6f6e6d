import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LockstepError } from '../../functions/domain/errors.ts'
import { parseTargetSettings } from '../../functions/edge/target-settings.ts'
import { newKey } from '../support/signing.ts'

const connection = {
  host: 'db.example.org',
  database: 'shop',
  user: 'runner',
  credential: { kind: 'password', password: 'secret' },
}
const secretArn = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-AbCdEf'
const least = { target: 'shop', connection, applicationRole: 'shop_app' }

describe('settings of a target', () => {
  it('given only what has no default, when they are parsed, then the rest is the documented default', () => {
    expect(parseTargetSettings(least)).toEqual({
      ...least,
      connection: { ...connection, port: 5432, tls: 'verify' },
      searchPath: 'public',
      lockTimeoutMs: 5_000,
      statementTimeoutMs: 0,
      leaseMs: 30_000,
      heartbeatMs: 7_500,
      policy: {
        outOfOrder: 'apply',
        requireManifest: false,
        requireCertificate: false,
        signers: [],
        after: null,
        stepAttempts: 5,
        faultAttempts: 10,
        faultWindowMs: 900_000,
        keepBytes: 1_073_741_824,
        keepRows: 10_000_000,
      },
      limits: { files: 5_000, fileBytes: 16_777_216, inflatedBytes: 268_435_456, ratio: 200 },
    })
  })

  it.each([
    ['nothing', undefined, { kind: 'iam' }],
    ['IAM', { kind: 'iam' }, { kind: 'iam' }],
    ['a secret', { kind: 'secret', arn: secretArn }, { kind: 'secret', arn: secretArn }],
  ])('given %s as credential, when they are parsed, then it is what was meant, over TLS', (_, credential, expected) => {
    const parsed = parseTargetSettings({ ...least, connection: { ...connection, credential } })
    expect(parsed.connection).toMatchObject({ credential: expected, tls: 'verify' })
  })

  it('given one policy, when they are parsed, then the other policies keep their defaults', () => {
    const { policy } = parseTargetSettings({ ...least, policy: { outOfOrder: 'refuse' } })
    expect(policy).toMatchObject({ outOfOrder: 'refuse', stepAttempts: 5 })
  })

  it.each([
    ['a mistyped policy', { policy: { outOfOrdr: 'refuse' } }, 'policy'],
    ['an unknown field', { colour: 'red' }, 'colour'],
    ['a name that no target can have', { target: 'Shop' }, 'target'],
    ['a port past the last one', { connection: { ...connection, port: 65_536 } }, 'connection.port'],
    ['a lease of no time', { leaseMs: 0 }, 'leaseMs'],
    ['half a millisecond', { lockTimeoutMs: 0.5 }, 'lockTimeoutMs'],
    ['heartbeats too slow for the lease', { leaseMs: 10_000, heartbeatMs: 5_001 }, 'heartbeatMs'],
    ['a limit of nothing to keep', { policy: { keepRows: 0 } }, 'policy.keepRows'],
    ['a signer without a key', { policy: { signers: [{ id: 'release' }] } }, 'policy.signers.0.publicKey'],
    ['a signer with a key that is none', { policy: { signers: [{ id: 'release', publicKey: 'MFkw' }] } }, 'P-256'],
    ['two signers of one id', { policy: { signers: [newKey('a').signer, newKey('a').signer] } }, 'policy.signers'],
    ['a signer whose id breaks lines', { policy: { signers: [newKey('a\nb').signer] } }, 'policy.signers.0.id'],
    ['a target after itself', { policy: { after: 'shop' } }, 'policy.after'],
    ['a target after what can be none', { policy: { after: 'Shop' } }, 'policy.after'],
    ['a limit of nothing', { limits: { files: 0 } }, 'limits.files'],
    ['a credential that nobody knows', { connection: { ...connection, credential: { kind: 'magic' } } }, 'credential'],
    [
      'a secret by its name alone',
      { connection: { ...connection, credential: { kind: 'secret', arn: 'shop' } } },
      'connection.credential.arn',
    ],
    [
      'a token without TLS',
      { connection: { ...connection, credential: { kind: 'iam' }, tls: 'off' } },
      'connection.tls',
    ],
    [
      'authorities that are a path',
      { connection: { ...connection, authorities: '/ca.pem' } },
      'connection.authorities',
    ],
  ])('given %s, when they are parsed, then they are refused with the field', (_, changes, field) => {
    const refusal = refusalBy({ ...least, ...changes })
    expect([refusal.code, refusal.message]).toEqual(['SETTINGS_INVALID', expect.stringContaining(field)])
  })

  it('given a password in a wrong place, when they are refused, then the message does not tell it', () => {
    const credential = { kind: 'password', password: ['hunter2'], extra: 'hunter2' }
    expect(refusalBy({ ...least, connection: { ...connection, credential } }).message).not.toContain('hunter2')
  })

  it('given anything at all, when it is parsed, then it is settings or a refusal', () => {
    fc.assert(fc.property(fc.anything(), (raw) => refusalBy(raw).code === 'SETTINGS_INVALID'))
  })

  it('given signers and a target before, when they are parsed, then they are there', () => {
    const signers = [newKey('release').signer, newKey('spare').signer]
    const policy = { signers, after: 'staging' }
    expect(parseTargetSettings({ ...least, policy }).policy).toMatchObject(policy)
  })

  it('given parsed settings, when they are parsed again, then they stay the same', () => {
    const settings = parseTargetSettings(least)
    expect(parseTargetSettings(settings)).toEqual(settings)
  })
})

function refusalBy(raw: unknown): LockstepError {
  try {
    parseTargetSettings(raw)
  } catch (thrown) {
    if (thrown instanceof LockstepError) return thrown
    throw thrown
  }
  throw new Error('the settings were accepted')
}

import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expiryToleranceMs, findAdmissions, refuseReplayed, type TargetPast } from '../../functions/domain/admission.ts'
import type { Bundle } from '../../functions/domain/bundle.ts'
import { makeManifest } from '../../functions/domain/bundle-manifest.ts'
import { sha256 } from '../../functions/domain/checksum.ts'
import { LockstepError } from '../../functions/domain/errors.ts'
import { parseSignatureFile, printSignatureFile, type SignedStatement } from '../../functions/domain/signature-file.ts'
import { isPublicKey } from '../../functions/domain/signer.ts'
import type { BundleStatement } from '../../functions/domain/statement.ts'
import { instant } from '../../functions/domain/types.ts'
import { targetName } from '../support/control-records.ts'
import { newKey, publicTextOf, statementOf, type TestKey } from '../support/signing.ts'

const [release, spare, stranger] = [newKey('release'), newKey('spare'), newKey('stranger')]
const target = targetName('production')
const at = instant(new Date('2026-11-24T10:00:00Z'))
const question = { target, signers: [release.signer, spare.signer], at }

const signWith = async (key: TestKey, changes: Partial<BundleStatement> = {}): Promise<SignedStatement> => {
  const statement = statementOf(key, changes)
  return { path: `lockstep.signatures/${statement.target}.txt`, statement, signature: await key.sign(statement) }
}

const bundleWith = (...signatures: SignedStatement[]): Bundle => ({
  files: [],
  readText: () => '',
  digest: sha256('history'),
  manifest: makeManifest([], {}),
  manifestDigest: sha256('manifest'),
  signatures,
})

const codeOf = (act: () => unknown): string => {
  try {
    act()
    return 'admitted'
  } catch (thrown) {
    if (thrown instanceof LockstepError) return thrown.code
    throw thrown
  }
}
const verdictOn = (...signatures: SignedStatement[]): string =>
  codeOf(() => findAdmissions(bundleWith(...signatures), question))

describe('signatures of a bundle', () => {
  test('given one by a pinned key, when judged, then it admits the bundle and tells whose key it was', async () => {
    const [admission] = findAdmissions(bundleWith(await signWith(spare)), question)
    expect(admission).toMatchObject({ signer: { id: 'spare' }, statement: { target } })
  })

  test('given none, when judged, then SIGNATURE_MISSING', () => {
    expect(verdictOn()).toBe('SIGNATURE_MISSING')
  })

  test('given a bundle without a manifest, when judged, then SIGNATURE_MISSING says why', () => {
    const { manifest: _, manifestDigest: __, signatures: ___, ...plain } = bundleWith()
    expect(() => findAdmissions(plain, question)).toThrow('has no manifest')
  })

  test.each<[string, string, () => Promise<SignedStatement>]>([
    ['a key that is not pinned', 'SIGNATURE_INVALID', () => signWith(stranger)],
    [
      "a stranger's signature under the name of a pinned key",
      'SIGNATURE_INVALID',
      () => signWith(stranger, { key: statementOf(release).key }),
    ],
    [
      "a pinned key's signature under another's name",
      'SIGNATURE_INVALID',
      () => signWith(release, { key: sha256('x') }),
    ],
    ['another history', 'SIGNATURE_INVALID', () => signWith(release, { digest: sha256('other') })],
    ['another manifest of the history', 'SIGNATURE_INVALID', () => signWith(release, { manifest: sha256('other') })],
    ['another target', 'SIGNATURE_OTHER_TARGET', () => signWith(release, { target: targetName('staging') })],
    [
      'a target of a similar name',
      'SIGNATURE_OTHER_TARGET',
      () => signWith(release, { target: targetName('production-2') }),
    ],
    [
      'a time that is over',
      'SIGNATURE_EXPIRED',
      () => signWith(release, { expires: instant(new Date('2026-11-24T09:00:00Z')) }),
    ],
  ])('given one by or for %s, when judged, then %s', async (_, code, make) => {
    expect(verdictOn(await make())).toBe(code)
  })

  test.each([
    [expiryToleranceMs, 'admitted'],
    [expiryToleranceMs + 1_000, 'SIGNATURE_EXPIRED'],
  ])('given a signature that expired %i ms ago, when judged, then %s', async (agoMs, verdict) => {
    expect(verdictOn(await signWith(release, { expires: instant(new Date(Date.parse(at) - agoMs)) }))).toBe(verdict)
  })

  test('given others that do not hold beside one that does, when judged, then it admits the bundle', async () => {
    const others = [await signWith(stranger), await signWith(release, { target: targetName('staging') })]
    expect(verdictOn(...others, await signWith(release))).toBe('admitted')
  })

  test('given several that do not hold, when judged, then the nearest is told', async () => {
    const strange = await signWith(stranger)
    const elsewhere = await signWith(release, { target: targetName('staging') })
    const old = await signWith(spare, { expires: instant(new Date('2026-01-01T00:00:00Z')) })
    expect(verdictOn(strange, elsewhere)).toBe('SIGNATURE_OTHER_TARGET')
    expect(verdictOn(old, strange, elsewhere)).toBe('SIGNATURE_EXPIRED')
  })

  test("given a stranger's statement for another target, when judged, then what it says does not count", async () => {
    expect(verdictOn(await signWith(stranger, { target: targetName('staging') }))).toBe('SIGNATURE_INVALID')
  })
})

describe('tampering', () => {
  test('given one byte of a signature file changed, when read and judged, then it is refused', async () => {
    const file = printSignatureFile(await signWith(release, { parent: sha256('before') }))
    const verdict = (text: string): string =>
      codeOf(() => findAdmissions(bundleWith(parseSignatureFile('x', text)), question))
    expect(verdict(file)).toBe('admitted')
    fc.assert(
      fc.property(fc.nat({ max: file.length - 1 }), fc.integer({ min: 1, max: 255 }), (index, change) => {
        const bytes = Buffer.from(file)
        bytes[index] = (bytes[index] ?? 0) ^ change
        expect(verdict(bytes.toString('latin1'))).toBe('SIGNATURE_INVALID')
      }),
      { numRuns: 2_000 },
    )
  })

  test('given one bit of the bytes of a signature changed, when judged, then it is refused', async () => {
    const good = await signWith(release)
    for (let bit = 0; bit < good.signature.length * 8; bit++) {
      const signature = Buffer.from(good.signature)
      signature[bit >> 3] = (signature[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(verdictOn({ ...good, signature })).toBe('SIGNATURE_INVALID')
    }
  })

  test('given a field exchanged under a good signature, when judged, then it is refused', async () => {
    const good = await signWith(release)
    const changes: Partial<BundleStatement>[] = [
      { target: targetName('staging') },
      { expires: instant(new Date('2030-01-01T00:00:00Z')) },
      { parent: sha256('before') },
      { digest: sha256('other') },
      { manifest: sha256('other') },
    ]
    for (const change of changes) {
      expect(verdictOn({ ...good, statement: { ...good.statement, ...change } })).toBe('SIGNATURE_INVALID')
    }
  })
})

describe('replays', () => {
  const [v1, v2, v3] = [sha256('v1'), sha256('v2'), sha256('v3')]
  const past = (standing: TargetPast['standing'], succeeded = false): TargetPast => ({ standing, succeeded })

  test.each([
    ['a new bundle on a new target', { digest: v1 }, past(undefined), 'admitted'],
    ['a new bundle without a parent', { digest: v2 }, past(v1), 'admitted'],
    ['a new bundle upon what succeeded last', { digest: v2, parent: v1 }, past(v1), 'admitted'],
    ['a bundle that succeeded last', { digest: v2 }, past(v2, true), 'admitted'],
    ['a bundle that succeeded last, upon the one before', { digest: v2, parent: v1 }, past(v2, true), 'admitted'],
    ['an older bundle', { digest: v1 }, past(v2, true), 'SIGNATURE_REPLAYED'],
    ['an older bundle upon nothing that is there', { digest: v2, parent: v1 }, past(v3, true), 'SIGNATURE_REPLAYED'],
    ['an older bundle, signed anew upon the newest', { digest: v1, parent: v2 }, past(v2, true), 'admitted'],
    ['a new bundle upon an old one', { digest: v3, parent: v1 }, past(v2), 'SIGNATURE_REPLAYED'],
    ['a new bundle upon one that nobody knows', { digest: v3, parent: v1 }, past(undefined), 'SIGNATURE_REPLAYED'],
  ])('given %s, when it is asked whether it is fresh, then %s', async (_, changes, known, verdict) => {
    const admission = { signer: release.signer, statement: statementOf(release, changes) }
    expect(codeOf(() => refuseReplayed([admission], known))).toBe(verdict)
  })

  test('given a used and a fresh statement, when it is asked, then the fresh one is the admission', () => {
    const of = (changes: Partial<BundleStatement>) => ({
      signer: release.signer,
      statement: statementOf(release, changes),
    })
    const fresh = of({ digest: v1, parent: v2 })
    expect(refuseReplayed([of({ digest: v1 }), fresh], past(v2, true))).toBe(fresh)
  })
})

describe('public keys', () => {
  const p384 = publicTextOf(generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).privateKey)
  const ed25519 = publicTextOf(generateKeyPairSync('ed25519').privateKey)
  const { publicKey } = release

  test.each([
    ['a P-256 key', publicKey, true],
    ['a P-384 key', p384, false],
    ['an Ed25519 key', ed25519, false],
    ['nothing', '', false],
    ['a PEM', `-----BEGIN PUBLIC KEY-----\n${publicKey}\n-----END PUBLIC KEY-----`, false],
    ['a line feed behind', `${publicKey}\n`, false],
    ['half a key', publicKey.slice(0, 60), false],
    [
      'a key with bytes behind',
      Buffer.concat([Buffer.from(publicKey, 'base64'), Buffer.from([0])]).toString('base64'),
      false,
    ],
  ])('given %s, when asked whether it is a public key, then %s', (_, text, expected) => {
    expect(isPublicKey(text)).toBe(expected)
  })
})

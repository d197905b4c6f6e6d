import { describe, expect, test } from 'vitest'
import { openBundle } from '../../functions/adapters/bundle-reader.ts'
import { packBundle } from '../../functions/adapters/bundle-writer.ts'
import { makeManifest, manifestPath, printManifest } from '../../functions/domain/bundle-manifest.ts'
import { sha256 } from '../../functions/domain/checksum.ts'
import { defaultLimits } from '../../functions/domain/limits.ts'
import { signatureLimits } from '../../functions/domain/signature-file.ts'
import { isSignedBy } from '../../functions/domain/signer.ts'
import { instant } from '../../functions/domain/types.ts'
import { targetName } from '../support/control-records.ts'
import { memoryFiles } from '../support/memory-files.ts'
import { refusalOf } from '../support/refusal.ts'
import { newKey, signed } from '../support/signing.ts'
import { craftZip } from '../support/zip-crafter.ts'

const texts = { '1_a/migration.sql': 'create table a (id int);\n', '2_b.sql': 'create table b (id int);\n' }
const source = memoryFiles(texts)
const [staging, production] = [targetName('staging'), targetName('production')]
const key = newKey('release')
const open = (bytes: Uint8Array) => openBundle(bytes, defaultLimits)

describe('signing a bundle', () => {
  test('given a bundle, when it is signed twice, then history, digest and manifest are as before and it has both', async () => {
    const bytes = await packBundle(source, {})
    const before = await open(bytes)
    const after = await open(await signed(await signed(bytes, key, { target: staging }), key, { target: production }))
    expect(after.signatures?.map(({ statement }) => statement.target)).toEqual([production, staging])
    expect(after.signatures?.every((each) => isSignedBy(each, key.signer))).toBe(true)
    expect([after.files, after.digest, after.manifest]).toEqual([before.files, before.digest, before.manifest])
    expect(after.manifestDigest).toBe(sha256(printManifest(makeManifest(source.files, {}))))
  })

  test('given a bundle, when it is signed, then what comes before its directory stays byte for byte', async () => {
    const bytes = Buffer.from(await packBundle(source, {}))
    const directory = bytes.readUInt32LE(bytes.length - 6)
    const after = Buffer.from(await signed(bytes, key, { target: staging }))
    expect(after.subarray(0, directory).equals(bytes.subarray(0, directory))).toBe(true)
  })

  test('given a statement that is there already, when it is signed again, then the bytes are the same', async () => {
    const expires = instant(new Date('2030-01-01T00:00:00Z'))
    const once = await signed(await packBundle(source, {}), key, { target: staging, expires })
    expect(await signed(once, key, { target: staging, expires })).toBe(once)
  })

  test('given a comment and a folder around everything, when it is signed, then the signature lies in that folder', async () => {
    const manifest = printManifest(makeManifest(source.files, {}))
    const entries = Object.entries({ ...texts, [manifestPath]: manifest })
    const zip = craftZip(
      entries.map(([path, content]) => ({ name: `migrations/${path}`, content })),
      { comment: 'made by hand' },
    )
    const after = await signed(zip, key, { target: staging })
    expect((await open(after)).signatures).toHaveLength(1)
    expect(Buffer.from(after).toString('latin1')).toContain('made by hand')
    expect(Buffer.from(after).toString('latin1')).toContain('migrations/lockstep.signatures/staging-')
  })

  test('given a plain zip, when it is signed, then it is refused', async () => {
    const zip = craftZip([{ name: '1_a.sql', content: 'select 1;' }])
    expect((await refusalOf(() => signed(zip, key, { target: staging }))).code).toBe('USAGE')
  })

  test('given a key whose public half is not its own, when a bundle is signed, then it is refused', async () => {
    const liar = { ...key, publicKey: newKey('other').publicKey }
    const bytes = await packBundle(source, {})
    expect((await refusalOf(() => signed(bytes, liar, { target: staging }))).code).toBe('KEY_INVALID')
  })

  test('given as many signatures as may be, when one more is added, then it is refused', async () => {
    let bytes = await packBundle(source, {})
    for (let index = 0; index < signatureLimits.files; index++) {
      bytes = await signed(bytes, key, { target: targetName(`t-${index}`) })
    }
    expect((await open(bytes)).signatures).toHaveLength(signatureLimits.files)
    expect((await refusalOf(() => signed(bytes, key, { target: staging }))).code).toBe('BUNDLE_TOO_MANY_FILES')
  })
})

test('given a plain zip with a file in the place of signatures, when it is opened, then it is passed over', async () => {
  const bundle = await open(
    craftZip([
      { name: '1_a.sql', content: 'select 1;' },
      { name: 'lockstep.signatures/1.txt', content: 'signed, me' },
    ]),
  )
  expect(bundle.files.map(({ path }) => path)).toEqual(['1_a.sql'])
  expect(bundle).not.toHaveProperty('signatures')
})

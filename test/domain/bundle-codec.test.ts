import { execFileSync } from 'node:child_process'
import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openBundle } from '../../functions/adapters/bundle-reader.ts'
import { packBundle } from '../../functions/adapters/bundle-writer.ts'
import { LockstepError } from '../../functions/domain/errors.ts'
import type { FileSource } from '../../functions/domain/file-source.ts'
import { readHistory } from '../../functions/domain/history.ts'
import { defaultLimits } from '../../functions/domain/limits.ts'
import { migrationName } from '../../functions/domain/types.ts'
import { badBundles } from '../support/bad-bundles.ts'
import { memoryFiles } from '../support/memory-files.ts'
import { refusalOf } from '../support/refusal.ts'
import { craftZip } from '../support/zip-crafter.ts'

const MiB = 1024 * 1024
const open = (bytes: Uint8Array) => openBundle(bytes, defaultLimits)
const textsOf = (source: FileSource) =>
  Object.fromEntries(source.files.map(({ path }) => [path, source.readText(path)]))

const texts = {
  '20251118210258_a/migration.sql': 'create table a (id int);\n',
  '20251118210258_a/down.sql': 'drop table a;\n',
  '20251118_b.sql': '\ufeff-- ünï\r\ncreate table b (id int);\r\n',
  'migration_lock.toml': 'provider = "postgresql"\n',
}

describe('bad bundles', () => {
  test.each(badBundles())('given $name, when it is opened, then it is refused as $code', async ({ bytes, code }) => {
    expect((await refusalOf(async () => readHistory(await open(bytes)))).code).toBe(code)
  })
})

describe('packing and opening', () => {
  const name = fc.stringMatching(/^[0-9]{1,14}_[a-zäß日]{1,8}$/)
  const history = fc
    .uniqueArray(fc.tuple(name, fc.boolean(), fc.string({ unit: 'binary' })), {
      selector: ([each]) => each,
      minLength: 1,
    })
    .map((migrations) =>
      Object.fromEntries(
        migrations.map(([each, loose, sql]) => [
          loose ? `${each}.sql` : `${each}/migration.sql`,
          sql.replaceAll('\u0000', '').toWellFormed(),
        ]),
      ),
    )

  test('given any history, when it is packed and opened, then it is the same', async () => {
    const property = fc.asyncProperty(history, async (given) => {
      const source = memoryFiles(given)
      const bundle = await open(await packBundle(source, {}))
      expect(bundle.files).toEqual(source.files)
      expect(textsOf(bundle)).toEqual(textsOf(source))
      expect(readHistory(bundle)).toEqual(readHistory(source))
    })
    await fc.assert(property)
  })

  test('given a byte-order mark and CRLF, when they are packed and opened, then they are kept', async () => {
    expect(textsOf(await open(await packBundle(memoryFiles(texts), {})))).toEqual(texts)
  })

  test('given a manifest input, when it is packed and opened, then the manifest carries it', async () => {
    const input = { source: { commit: 'abc', branch: 'main' }, reapply: [migrationName('20251118_b')] }
    const bundle = await open(await packBundle(memoryFiles(texts), input))
    expect(bundle.manifest).toMatchObject({ format: 1, ...input, digest: bundle.digest, files: bundle.files })
  })

  test('given the same history in another order, when it is packed twice, then the bytes are the same', async () => {
    const source = memoryFiles(texts)
    const other = { ...source, files: source.files.toReversed() }
    expect(Buffer.compare(await packBundle(source, {}), await packBundle(other, {}))).toBe(0)
  })

  test('given other time zones and umasks, when the same history is packed, then the bytes are the same', () => {
    const here = new URL('../support/pack-and-hash.ts', import.meta.url).pathname
    const hashes = ['Pacific/Kiritimati', 'UTC', 'America/Los_Angeles', 'Africa/Monrovia'].map((TZ, index) =>
      execFileSync('sh', ['-c', `umask 00${index}7; exec "$0" "$1"`, process.execPath, here], {
        env: { TZ },
        encoding: 'utf8',
      }),
    )
    expect(new Set(hashes).size).toBe(1)
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}\n$/)
  })

  test('given a file that changed since it was listed, when it is packed, then it is refused', async () => {
    const source = memoryFiles(texts)
    const changed = { ...source, readText: (path: string) => `${source.readText(path)} ` }
    expect((await refusalOf(() => packBundle(changed, {}))).code).toBe('FILE_CHANGED')
  })

  test('given SQL that compresses like a bomb, when it is packed, then it can be opened', async () => {
    const source = memoryFiles({ '1_a.sql': 'insert into a values (0);\n'.repeat(200_000) })
    expect(source.files[0]?.bytes).toBeGreaterThan(
      deflateRawSync(source.readText('1_a.sql')).length * defaultLimits.ratio,
    )
    expect(textsOf(await open(await packBundle(source, {})))).toEqual(textsOf(source))
  })

  test('given the path of no file, when it is read, then it fails', async () => {
    const bundle = await open(await packBundle(memoryFiles(texts), {}))
    expect((await refusalOf(() => bundle.readText('nowhere.sql'))).code).toBe('INTERNAL')
  })
})

describe('plain zips', () => {
  const content = 'select 1;\n'

  test('given a zip of a migrations folder, when it is opened, then its digest is the one of the packed history', async () => {
    const zip = craftZip(Object.entries(texts).map(([path, text]) => ({ name: `migrations/${path}`, content: text })))
    const [plain, packed] = [await open(zip), await open(await packBundle(memoryFiles(texts), {}))]
    expect(plain).not.toHaveProperty('manifest')
    expect([plain.digest, plain.files]).toEqual([packed.digest, packed.files])
    expect(textsOf(plain)).toEqual(texts)
  })

  test('given folders, Finder files and a README, when the zip is opened, then only the history is taken', async () => {
    const zip = craftZip([
      { name: 'migrations/', method: 'store', mode: 0o40755 },
      { name: 'migrations/1_a/', method: 'store', mode: 0o40755 },
      { name: 'migrations/1_a/migration.sql', content, mode: 0o100644 },
      { name: 'migrations/.DS_Store', content: '\u0000' },
      { name: '__MACOSX/migrations/1_a/._migration.sql', content: '\u0000' },
      { name: 'migrations/README.md', content: Buffer.from([0xff]) },
    ])
    expect(textsOf(await open(zip))).toEqual({ '1_a/migration.sql': content })
  })

  test.each(['signed', 'unsigned'] as const)(
    'given a zip that was written as a stream, with %s descriptors, when it is opened, then it is read',
    async (descriptor) => {
      const zip = craftZip([{ name: '1_a.sql', content, descriptor }])
      expect(textsOf(await open(zip))).toEqual({ '1_a.sql': content })
    },
  )

  test.each(['store', 'deflate'] as const)(
    'given an empty file by %s, when it is opened, then it is read',
    async (method) => {
      expect(textsOf(await open(craftZip([{ name: '1_a.sql', method }])))).toEqual({ '1_a.sql': '' })
    },
  )

  test('given a comment after the end, when it is opened, then it is read', async () => {
    expect((await open(craftZip([{ name: '1_a.sql', content }], { comment: 'from git archive' }))).files).toHaveLength(
      1,
    )
  })

  test('given UTF-8 names without the flag that says so, when it is opened, then they are read as UTF-8', async () => {
    const zip = craftZip([{ name: '1_ünï.sql', content, both: { flags: 0 } }])
    expect((await open(zip)).files[0]?.path).toBe('1_ünï.sql')
  })

  test('given a small file that compresses very well, when it is opened, then it is no bomb', async () => {
    expect((await open(craftZip([{ name: '1_a.sql', content: ' '.repeat(MiB) }]))).files).toHaveLength(1)
    expect((await refusalOf(() => open(craftZip([{ name: '1_a.sql', content: ' '.repeat(MiB + 1) }])))).code).toBe(
      'BUNDLE_RATIO',
    )
  })

  test('given bytes that are a part of a larger buffer, when they are opened, then only that part is read', async () => {
    const zip = craftZip([{ name: '1_a.sql', content }])
    const larger = new Uint8Array(zip.length + 20)
    larger.set(zip, 10)
    expect((await open(larger.subarray(10, 10 + zip.length))).files).toHaveLength(1)
  })
})

describe('limits', () => {
  const zip = craftZip([
    { name: '1_a.sql', content: 'a'.repeat(100), method: 'store' },
    { name: '2_b.sql', content: 'b'.repeat(100), method: 'store' },
  ])

  test.each([
    ['files', 'BUNDLE_TOO_MANY_FILES', 2],
    ['fileBytes', 'BUNDLE_FILE_TOO_LARGE', 100],
    ['inflatedBytes', 'BUNDLE_TOO_LARGE', 200],
  ] as const)(
    'given limits.%s, when one more is there, then it is refused as %s, and the limit itself passes',
    async (limit, code, most) => {
      await expect(openBundle(zip, { ...defaultLimits, [limit]: most })).resolves.toBeDefined()
      expect((await refusalOf(() => openBundle(zip, { ...defaultLimits, [limit]: most - 1 }))).code).toBe(code)
    },
  )
})

describe('damage', () => {
  test('given any part of a bundle, when it is opened, then it is refused as truncated', async () => {
    const bytes = await packBundle(memoryFiles(texts), {})
    for (let length = 0; length < bytes.length; length++) {
      expect((await refusalOf(() => open(bytes.subarray(0, length)))).code).toBe('BUNDLE_TRUNCATED')
    }
  })

  test('given a bundle with flipped bytes, when it is opened, then it is refused or has the same content', async () => {
    const bytes = await packBundle(memoryFiles(texts), {})
    const flip = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }))
    const property = fc.asyncProperty(fc.array(flip, { minLength: 1, maxLength: 3 }), async (flips) => {
      const changed = Buffer.from(bytes)
      for (const [at, mask] of flips) changed.writeUInt8(changed.readUInt8(at) ^ mask, at)
      expect(await contentOrCode(changed)).toSatisfy((found) => typeof found === 'string' || sameTexts(found))
    })
    await fc.assert(property, { numRuns: 500 })
  })

  const sameTexts = (found: unknown): boolean => JSON.stringify(found) === JSON.stringify(sortedTexts)
  const sortedTexts = textsOf(memoryFiles(texts))

  const contentOrCode = async (bytes: Uint8Array): Promise<unknown> => {
    try {
      return textsOf(await open(bytes))
    } catch (thrown) {
      if (thrown instanceof LockstepError && thrown.code !== 'INTERNAL') return thrown.code
      throw thrown
    }
  }
})

import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { digestOf, makeManifest, printManifest } from '../../functions/domain/bundle-manifest.ts'
import { sha256 } from '../../functions/domain/checksum.ts'
import type { FileRef } from '../../functions/domain/file-source.ts'
import { checkFile, checkListing } from '../../functions/domain/manifest-check.ts'
import { parseManifest } from '../../functions/domain/manifest-parser.ts'
import { migrationName } from '../../functions/domain/types.ts'
import { memoryFiles } from '../support/memory-files.ts'
import { refusalOf } from '../support/refusal.ts'

const files = memoryFiles({ '1_a/migration.sql': 'select 1', '2_b.sql': 'select 2' }).files
const manifest = makeManifest(files, { source: { commit: 'abc', branch: 'main' } })

const name = fc.string({ unit: 'grapheme', minLength: 1 })
const ref: fc.Arbitrary<FileRef> = fc.record({
  path: name,
  bytes: fc.nat(),
  sha256: fc.string().map((text) => sha256(text)),
})
const certificate = fc.constantFrom('reversible', 'reversible, loses: "A" (1 of 5 rows)', 'irreversible: 42P01 🐘')
const input = fc.record(
  {
    source: fc.record({ commit: name, branch: name, url: fc.webUrl() }, { requiredKeys: [] }),
    reapply: fc.array(name.map(migrationName)),
    certificates: fc.dictionary(name.map(migrationName), certificate),
  },
  { requiredKeys: [] },
)

describe('the canonical form', () => {
  test('given any manifest, when it is printed and parsed, then it is the same', () => {
    const refs = fc.uniqueArray(ref, { selector: ({ path }) => path })
    const property = fc.property(refs, input, (list, given) => {
      const made = makeManifest(list, given)
      expect(parseManifest(printManifest(made))).toEqual(made)
    })
    fc.assert(property)
  })

  test('given the files in another order, when manifests are printed, then they are the same bytes', () => {
    expect(printManifest(makeManifest(files.toReversed(), { source: { branch: 'main', commit: 'abc' } }))).toBe(
      printManifest(manifest),
    )
  })

  test('given a manifest, when it is printed, then it reads so', () => {
    const certificates = { [migrationName('2_b')]: 'irreversible: no', [migrationName('1_a')]: 'reversible' }
    const made = makeManifest(files.slice(0, 1), {
      source: { commit: 'abc' },
      reapply: [migrationName('1_a')],
      certificates,
    })
    expect(printManifest(made).split('\n')).toEqual([
      '{',
      '  "format": 1,',
      '  "digest": "be6d3a7986c693805200a80b7765ea31649e8274a8fadc1e5915aa4015807bbf",',
      '  "source": {',
      '    "commit": "abc"',
      '  },',
      '  "reapply": [',
      '    "1_a"',
      '  ],',
      '  "certificates": {',
      '    "1_a": "reversible",',
      '    "2_b": "irreversible: no"',
      '  },',
      '  "files": [',
      '    {',
      '      "path": "1_a/migration.sql",',
      '      "bytes": 8,',
      '      "sha256": "822ae07d4783158bc1912bb623e5107cc9002d519e1143a9c200ed6ee18b6d0f"',
      '    }',
      '  ]',
      '}',
      '',
    ])
  })

  test('given a URL with credentials, when the manifest is made, then they are left out', () => {
    const made = makeManifest(files, { source: { url: 'https://user:token@github.com/acme/app.git' } })
    expect(made.source.url).toBe('https://github.com/acme/app.git')
  })
})

test('given certificates, when a manifest is made, then its digest is the one without them', () => {
  expect(makeManifest(files, { certificates: { [migrationName('1_a')]: 'reversible' } }).digest).toBe(manifest.digest)
})

test('given files, when their digest is computed, then it is the SHA-256 of what sha256sum prints', () => {
  const lines = files.map((file) => `${file.sha256}  ${file.path}\n`).join('')
  expect(digestOf(files)).toBe(createHash('sha256').update(lines).digest('hex'))
})

describe('refusals', () => {
  const valid = JSON.parse(printManifest(manifest))
  const [first, second] = valid.files
  const cases: readonly (readonly [string, unknown, string])[] = [
    ['a list', [], 'lockstep.json is [], expected an object'],
    ['no format', { ...valid, format: undefined }, 'lockstep.json: format is nothing, expected 1'],
    ['a newer format', { ...valid, format: 2 }, 'lockstep.json has format 2, this Lockstep reads 1'],
    ['no source', { ...valid, source: undefined }, 'lockstep.json: source is nothing, expected an object'],
    [
      'a commit that is no text',
      { ...valid, source: { commit: 5 } },
      'lockstep.json: source.commit is 5, expected a text',
    ],
    [
      'an unknown key',
      { ...valid, reaply: [] },
      'lockstep.json: reaply is unknown, expected format, digest, source, reapply, certificates, files',
    ],
    [
      'an unknown key of a file',
      { ...valid, files: [{ ...first, mode: 1 }] },
      'lockstep.json: files[0].mode is unknown, expected path, bytes, sha256',
    ],
    ['files that are no list', { ...valid, files: {} }, 'lockstep.json: files is {}, expected a list'],
    [
      'a negative size',
      { ...valid, files: [{ ...first, bytes: -1 }] },
      'lockstep.json: files[0].bytes is -1, expected a size in bytes',
    ],
    [
      'a size in text',
      { ...valid, files: [{ ...first, bytes: '8' }] },
      'lockstep.json: files[0].bytes is "8", expected a size in bytes',
    ],
    [
      'a digest in capitals',
      { ...valid, files: [{ ...first, sha256: 'A'.repeat(64) }] },
      `lockstep.json: files[0].sha256 is "${'A'.repeat(64)}", expected 64 lower-case hex digits`,
    ],
    [
      'files out of order',
      { ...valid, files: [second, first] },
      'lockstep.json: files[1].path is "1_a/migration.sql", expected a path that sorts after "2_b.sql"',
    ],
    [
      'a file twice',
      { ...valid, files: [first, first] },
      'lockstep.json: files[1].path is "1_a/migration.sql", expected a path that sorts after "1_a/migration.sql"',
    ],
    [
      'a digest of another kind',
      { ...valid, digest: 'abc' },
      'lockstep.json: digest is "abc", expected 64 lower-case hex digits',
    ],
    [
      'certificates that are a list',
      { ...valid, certificates: [] },
      'lockstep.json: certificates is [], expected an object',
    ],
    ...[5, '', 'maybe', 'reversible\nirreversible: x', 'irreversible: ', `irreversible: ${'x'.repeat(2_000)}`].map(
      (text) =>
        [
          `${JSON.stringify(text).slice(0, 30)} as a certificate`,
          { ...valid, certificates: { '1_a': text } },
          `lockstep.json: certificates.1_a is ${JSON.stringify(text).slice(0, 80)}, expected reversible, reversible, loses: … or irreversible: …`,
        ] as const,
    ),
    ['an empty name to reapply', { ...valid, reapply: [''] }, 'lockstep.json: reapply[0] is "", expected a text'],
  ]
  test.each(cases)('given %s, when it is parsed, then it is refused with the place', async (_, value, message) => {
    const refusal = await refusalOf(() => parseManifest(JSON.stringify(value)))
    expect([refusal.code, refusal.message]).toEqual(['MANIFEST_INVALID', message])
  })

  test('given what is no JSON, when it is parsed, then it is refused', async () => {
    expect((await refusalOf(() => parseManifest('{"format": 1,'))).code).toBe('MANIFEST_INVALID')
  })

  test('given a list that was changed, when it is parsed, then its digest gives it away', async () => {
    const changed = { ...valid, files: [first] }
    expect((await refusalOf(() => parseManifest(JSON.stringify(changed)))).code).toBe('MANIFEST_DIGEST_MISMATCH')
  })

  test('given a file that the manifest does not list, when the listing is checked, then it is named', async () => {
    const refusal = await refusalOf(() => checkListing(manifest, ['1_a/migration.sql', '2_b.sql', '3_c.sql']))
    expect([refusal.code, refusal.details.names]).toEqual(['MANIFEST_FILE_UNLISTED', ['3_c.sql']])
  })

  test('given a listed file that is not there, when the listing is checked, then it is named', async () => {
    const refusal = await refusalOf(() => checkListing(manifest, ['2_b.sql']))
    expect([refusal.code, refusal.details.names]).toEqual(['MANIFEST_FILE_MISSING', ['1_a/migration.sql']])
  })

  const [listed] = files
  test.each([
    ['size', { bytes: 9 }, '1_a/migration.sql has 9 bytes, the manifest says 8'],
    ['content', { sha256: sha256('x') }, '1_a/migration.sql has SHA-256 2d71'],
  ])('given a file of another %s than listed, when it is checked, then it is refused', async (_, change, message) => {
    if (listed === undefined) throw new Error('no file')
    const refusal = await refusalOf(() => checkFile(listed, { ...listed, ...change }))
    expect(refusal.code).toBe('MANIFEST_FILE_MISMATCH')
    expect(refusal.message).toContain(message)
  })
})

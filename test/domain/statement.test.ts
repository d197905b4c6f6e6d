import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../functions/domain/checksum.ts'
import { LockstepError } from '../../functions/domain/errors.ts'
import {
  isSignaturePath,
  parseSignatureFile,
  printSignatureFile,
  signaturePath,
} from '../../functions/domain/signature-file.ts'
import { type BundleStatement, parseStatement, printStatement } from '../../functions/domain/statement.ts'
import { instant, isTargetName, type TargetName } from '../../functions/domain/types.ts'
import { targetName } from '../support/control-records.ts'

const example: BundleStatement = {
  digest: sha256('history'),
  manifest: sha256('manifest'),
  target: targetName('production'),
  expires: instant(new Date('2026-12-24T10:00:00Z')),
  key: sha256('key'),
}

const text = `lockstep bundle statement 1
digest ${sha256('history')}
manifest ${sha256('manifest')}
target production
parent -
expires 2026-12-24T10:00:00Z
key ${sha256('key')}
`

const digests = fc.string().map((seed) => sha256(seed))
const targets = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,62}$/).filter((name): name is TargetName => isTargetName(name))
const seconds = fc.integer({ min: 0, max: 4_000_000_000 }).map((second) => instant(new Date(second * 1_000)))
const statements: fc.Arbitrary<BundleStatement> = fc.record(
  { digest: digests, manifest: digests, target: targets, parent: digests, expires: seconds, key: digests },
  { requiredKeys: ['digest', 'manifest', 'target', 'expires', 'key'] },
)

const codeOf = (act: () => unknown): string => {
  try {
    act()
    return 'accepted'
  } catch (thrown) {
    if (thrown instanceof LockstepError) return thrown.code
    throw thrown
  }
}

describe('the text of a statement', () => {
  test('given a statement, when it is printed, then each field has its line', () => {
    expect(printStatement(example)).toBe(text)
  })

  test('given a parent, when it is printed, then it stands where none is a dash', () => {
    const parent = sha256('before')
    expect(printStatement({ ...example, parent })).toBe(text.replace('parent -', `parent ${parent}`))
  })

  test('given any statement, when it is printed and parsed, then it is the same', () => {
    fc.assert(
      fc.property(statements, (statement) => {
        expect(parseStatement(printStatement(statement), 'x')).toEqual(statement)
      }),
    )
  })

  test.each([
    ['a second format', text.replace('statement 1', 'statement 2')],
    ['nothing', ''],
    ['a line more', `${text}note: approved\n`],
    ['a line before', `\n${text}`],
    ['two statements', text + text],
    ['lines in another order', text.replace(/(digest .*\n)(manifest .*\n)/, '$2$1')],
    ['no line feed at the end', text.slice(0, -1)],
    ['line ends of Windows', text.replaceAll('\n', '\r\n')],
    ['a byte-order mark', `\ufeff${text}`],
    ['a target in capitals', text.replace('production', 'Production')],
    ['no target', text.replace('production', '')],
    ['a digest in capitals', text.replace(sha256('history'), sha256('history').toUpperCase())],
    ['half of a digest', text.replace(sha256('history'), sha256('history').slice(32))],
    ['two spaces', text.replace('target production', 'target  production')],
    ['a space behind', text.replace('target production', 'target production ')],
    ['a day that no month has', text.replace('12-24', '02-30')],
    ['milliseconds', text.replace('00Z', '00.000Z')],
    ['another time zone', text.replace('00Z', '00+01:00')],
    ['a day without a time', text.replace('T10:00:00Z', '')],
    ['no expiry', text.replace('2026-12-24T10:00:00Z', '-')],
  ])('given %s, when it is parsed, then it is refused', (_, changed) => {
    expect(changed).not.toBe(text)
    expect(codeOf(() => parseStatement(changed, 'x'))).toBe('SIGNATURE_INVALID')
  })

  test('given a newer format, when it is parsed, then the message says so', () => {
    const newer = text.replace('statement 1', 'statement 2')
    expect(() => parseStatement(newer, 'x')).toThrow('format 2, this Lockstep reads 1')
  })
})

describe('the file of a signature', () => {
  const signature = Buffer.from('304402200102030405', 'hex')
  const file = printSignatureFile({ statement: example, signature })

  test('given a signature, when it is printed, then it is the last line, in base64', () => {
    expect(file).toBe(`${text}signature MEQCIAECAwQF\n`)
  })

  test('given any statement and bytes, when they are printed and parsed, then they are the same', () => {
    fc.assert(
      fc.property(statements, fc.uint8Array({ minLength: 1, maxLength: 100 }), (statement, bytes) => {
        const parsed = parseSignatureFile('x', printSignatureFile({ statement, signature: bytes }))
        expect(parsed).toEqual({ path: 'x', statement, signature: Buffer.from(bytes) })
      }),
    )
  })

  test.each([
    ['no signature', text],
    ['an empty signature', `${text}signature \n`],
    ['two signatures', `${file}signature MEQCIAECAwQF\n`],
    ['base64 with bits that mean nothing', `${text}signature MEQCIAECAwR=\n`],
    ['base64 without its padding', `${text}signature MEQCIAECAwQ\n`],
    ['base64 for URLs', `${text}signature __-_\n`],
    ['no line feed at the end', file.slice(0, -1)],
    ['something behind', `${file}\n`],
  ])('given %s, when it is parsed, then it is refused', (_, changed) => {
    expect(codeOf(() => parseSignatureFile('x', changed))).toBe('SIGNATURE_INVALID')
  })

  test.each([
    ['lockstep.signatures/production-0123456789ab.txt', true],
    ['lockstep.signatures/1.txt', true],
    [signaturePath(example), true],
    ['lockstep.signatures/1.sql', false],
    ['lockstep.signatures/1.txt.sql', false],
    ['lockstep.signatures/1', false],
    ['lockstep.signatures/.txt', false],
    ['lockstep.signatures/-.txt', false],
    ['lockstep.signatures/A.txt', false],
    ['lockstep.signatures/a/1.txt', false],
    ['lockstep_signatures/1.txt', false],
    ['lockstep.signatures.txt', false],
    ['1_a/lockstep.signatures/1.txt', false],
    [`lockstep.signatures/${'a'.repeat(101)}.txt`, false],
  ])('given the path %s, when asked whether it is a signature, then %s', (path, expected) => {
    expect(isSignaturePath(path)).toBe(expected)
  })

  test('given the longest target name, when its signature is named, then the path is a signature', () => {
    expect(isSignaturePath(signaturePath({ ...example, target: targetName('a'.repeat(63)) }))).toBe(true)
  })
})

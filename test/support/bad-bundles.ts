import { crc32, deflateRawSync } from 'node:zlib'
import {
  type BundleManifest,
  makeManifest,
  manifestPath,
  printManifest,
} from '../../functions/domain/bundle-manifest.ts'
import { sha256 } from '../../functions/domain/checksum.ts'
import type { ErrorCode } from '../../functions/domain/error-table.ts'
import { memoryFiles } from './memory-files.ts'
import { type CraftedEntry, craftZip, encryptedFlag } from './zip-crafter.ts'

/** A bundle that must be refused before anything runs, and the code of its refusal. */
export interface BadBundle {
  readonly name: string
  readonly bytes: Uint8Array
  readonly code: ErrorCode
}

const MiB = 1024 * 1024
const sql = 'create table a (id int);\n'
const good: CraftedEntry = { name: '1_a/migration.sql', content: sql }
const second: CraftedEntry = { name: '2_b/migration.sql', content: 'create table b (id int);\n' }
const goodZip = craftZip([good, second])

/** Makes one bad bundle a kind; all are refused under the default limits. */
export function badBundles(): readonly BadBundle[] {
  return [
    ...badFiles(),
    ...badPaths(),
    ...contradictions(),
    ...bombs(),
    ...badContents(),
    ...badManifests(),
    ...badSignatures(),
    ...badHistories(),
  ]
}

const bad = (code: ErrorCode, name: string, bytes: Uint8Array): BadBundle => ({ name, bytes, code })
const badEntry = (code: ErrorCode, name: string, ...entries: CraftedEntry[]): BadBundle =>
  bad(code, name, craftZip(entries))

const badFiles = (): BadBundle[] => [
  bad('BUNDLE_TRUNCATED', 'an empty object', new Uint8Array()),
  bad('BUNDLE_TRUNCATED', 'half of a zip', goodZip.subarray(0, goodZip.length / 2)),
  bad('BUNDLE_TRUNCATED', 'a zip without its last byte', goodZip.subarray(0, -1)),
  bad('BUNDLE_NOT_A_ZIP', 'a text', Buffer.from('select 1;\n')),
  bad('BUNDLE_NOT_A_ZIP', 'a gzip', Buffer.from('1f8b0800000000000003', 'hex')),
  bad('BUNDLE_NOT_A_ZIP', 'a zip with something before it', Buffer.concat([Buffer.from('#!/bin/sh\n'), goodZip])),
  bad('BUNDLE_EMPTY', 'a zip without entries', craftZip([])),
  badEntry('BUNDLE_EMPTY', 'a zip of folders alone', { name: 'migrations/', method: 'store', mode: 0o40755 }),
  badEntry('BUNDLE_EMPTY', 'a zip of what Finder adds', { name: '__MACOSX/._a', content: 'x' }),
]

const badPaths = (): BadBundle[] => [
  badEntry('BUNDLE_PATH_UNSAFE', 'an absolute path', { name: '/etc/cron.sql', content: sql }),
  badEntry('BUNDLE_PATH_UNSAFE', 'a path that climbs out', { name: '../../1_a.sql', content: sql }),
  badEntry('BUNDLE_PATH_UNSAFE', 'a path that climbs in the middle', { name: 'a/../../1_a.sql', content: sql }),
  badEntry('BUNDLE_PATH_UNSAFE', 'a backslash', { name: '1_a\\migration.sql', content: sql }),
  badEntry('BUNDLE_PATH_UNSAFE', 'a drive letter', { name: 'C:/1_a.sql', content: sql }),
  badEntry('BUNDLE_PATH_UNSAFE', 'a NUL in a path', { name: '1_a.sql\u0000.txt', content: sql }),
  badEntry('BUNDLE_PATH_UNSAFE', 'a path that is not UTF-8', {
    name: Buffer.from('1_\xfc.sql', 'latin1'),
    content: sql,
  }),
  badEntry('BUNDLE_PATH_UNSAFE', 'a second name in an extra field', {
    ...good,
    both: { extra: unicodePath('2_b/migration.sql') },
  }),
  badEntry('BUNDLE_SYMLINK', 'a symbolic link', { ...good, content: '/etc/passwd', mode: 0o120777 }),
  badEntry('BUNDLE_SYMLINK', 'a device', { ...good, mode: 0o060644 }),
  badEntry('BUNDLE_SYMLINK', 'a folder in the clothes of a file', { ...good, mode: 0o040755 }),
  badEntry('BUNDLE_DUPLICATE', 'one path twice', good, good),
  badEntry('BUNDLE_DUPLICATE', 'paths that differ by case', good, { ...good, name: '1_A/migration.sql' }),
  badEntry('BUNDLE_DUPLICATE', 'a file and a folder of one name', good, { name: '1_a', content: sql }),
]

/** The extra field 0x7075, in which some tools keep a UTF-8 name beside the real one. */
const unicodePath = (other: string): Uint8Array => {
  const name = Buffer.from(other)
  const field = Buffer.alloc(9 + name.length)
  field.writeUInt16LE(0x7075, 0)
  field.writeUInt16LE(5 + name.length, 2)
  field.writeUInt8(1, 4)
  field.writeUInt32LE(crc32(Buffer.from(good.name)), 5)
  name.copy(field, 9)
  return field
}

const zip64Extra = Buffer.from('01000800ffffffff00000000', 'hex')

const contradictions = (): BadBundle[] => [
  badEntry('BUNDLE_ENCRYPTED', 'an encrypted entry', { ...good, both: { flags: encryptedFlag } }),
  badEntry('BUNDLE_ENCRYPTED', 'a strongly encrypted entry', { ...good, both: { flags: encryptedFlag | (1 << 6) } }),
  badEntry('BUNDLE_COMPRESSION', 'bzip2', { ...good, both: { method: 12 } }),
  badEntry('BUNDLE_ZIP64', 'a zip64 size', { ...good, both: { extra: zip64Extra } }),
  bad('BUNDLE_ZIP64', 'a zip64 end', craftZip([good], { zip64Locator: true })),
  badEntry('BUNDLE_DAMAGED', 'headers that disagree on the name', { ...good, local: { name: '2_b/migration.sql' } }),
  badEntry('BUNDLE_DAMAGED', 'headers that disagree on the size', { ...good, local: { bytes: 5 } }),
  badEntry('BUNDLE_DAMAGED', 'headers that disagree on the compressed size', { ...good, local: { packedBytes: 5 } }),
  badEntry('BUNDLE_DAMAGED', 'headers that disagree on the checksum', { ...good, local: { crc32: 5 } }),
  badEntry('BUNDLE_DAMAGED', 'headers that disagree on the method', { ...good, local: { method: 0 } }),
  badEntry('BUNDLE_DAMAGED', 'headers that disagree on encryption', { ...good, local: { flags: encryptedFlag } }),
  badEntry('BUNDLE_DAMAGED', 'a descriptor that lies', { ...good, descriptor: 'lying' }),
  badEntry('BUNDLE_DAMAGED', 'a wrong checksum', { ...good, both: { crc32: 1 } }),
  badEntry('BUNDLE_DAMAGED', 'data that is not deflated', {
    ...good,
    packed: Buffer.from('\xff'.repeat(20), 'latin1'),
  }),
  badEntry('BUNDLE_DAMAGED', 'data that ends too early', { ...good, packed: deflateRawSync(sql).subarray(0, -2) }),
  badEntry('BUNDLE_DAMAGED', 'a header that claims too much', { ...good, both: { bytes: sql.length + 1 } }),
  badEntry('BUNDLE_DAMAGED', 'a folder with content', { name: '1_a/', content: 'x', method: 'store' }),
  badEntry('BUNDLE_DAMAGED', 'two entries with the same bytes', good, { ...good, sharedWith: 0 }),
  badEntry('BUNDLE_DAMAGED', 'an entry inside another', ...nested()),
  bad('BUNDLE_DAMAGED', 'an entry that the end record hides', craftZip([good, second], { entryCount: 1 })),
  bad('BUNDLE_DAMAGED', 'a directory outside of the file', craftZip([good], { directoryOffset: 0x7fffffff })),
  bad('BUNDLE_DAMAGED', 'a wrong size of the directory', craftZip([good], { directoryBytes: 5 })),
  bad('BUNDLE_DAMAGED', 'bytes after the end', craftZip([good], { trailing: Buffer.from('more') })),
]

/** A stored entry whose content is a whole local entry, to which the directory points as well. */
const nested = (): CraftedEntry[] => {
  const inner = craftZip([second])
  return [
    { name: '1_a/notes.txt', content: inner, method: 'store' },
    { ...second, sharedWith: 0 },
  ]
}

const bombs = (): BadBundle[] => [
  badEntry('BUNDLE_RATIO', 'a bomb', { name: '1_a.sql', content: Buffer.alloc(8 * MiB, 'x') }),
  badEntry('BUNDLE_RATIO', 'a bomb that claims to be small', {
    name: '1_a.sql',
    content: sql,
    packed: deflateRawSync(Buffer.alloc(64 * MiB, 'x')),
  }),
  badEntry('BUNDLE_FILE_TOO_LARGE', 'a file of 17 MiB', { name: '1_a.sql', content: noise(17), method: 'store' }),
  badEntry('BUNDLE_FILE_TOO_LARGE', 'a file that claims 4 GiB', { ...good, both: { bytes: 0xfffffffe } }),
  badEntry('BUNDLE_TOO_LARGE', 'files that claim 270 MiB together', ...claims(18, 15 * MiB)),
  badEntry('BUNDLE_TOO_MANY_FILES', '5,001 files', ...many(5_001)),
  badEntry('BUNDLE_TOO_MANY_FILES', '20,001 folders', ...many(20_001, '/')),
]

const noise = (sizeMiB: number): Buffer => Buffer.alloc(sizeMiB * MiB, `${sha256('noise')}\n`)

const claims = (count: number, bytes: number): CraftedEntry[] => {
  const packed = Buffer.alloc(bytes / 100)
  return Array.from({ length: count }, (_, index) => ({ name: `${index}_a.sql`, packed, both: { bytes } }))
}

const many = (count: number, ending = '.sql'): CraftedEntry[] =>
  Array.from({ length: count }, (_, index) => ({ name: `${index}_a${ending}`, method: 'store' as const }))

const badContents = (): BadBundle[] => [
  badEntry('FILE_NOT_UTF8', 'a migration in Latin-1', { ...good, content: Buffer.from('-- M\xfcller', 'latin1') }),
  badEntry('FILE_NOT_UTF8', 'a migration in UTF-16', { ...good, content: Buffer.from('\ufeffselect 1', 'utf16le') }),
  badEntry('FILE_HAS_NUL', 'a NUL in a migration', { ...good, content: 'select 1;\u0000' }),
  badEntry('FILE_NOT_UTF8', 'a lock that is not UTF-8', good, {
    name: 'migration_lock.toml',
    content: Buffer.from([0xc3]),
  }),
  badEntry('FILE_NOT_UTF8', 'a manifest that is not UTF-8', good, { name: manifestPath, content: Buffer.from([0xc3]) }),
]

const manifest = makeManifest(memoryFiles({ '1_a/migration.sql': sql }).files, { source: { commit: 'abc' } })
const withManifest = (changed: Partial<BundleManifest>, ...entries: CraftedEntry[]): Uint8Array =>
  craftZip([{ name: manifestPath, content: printManifest({ ...manifest, ...changed }) }, ...entries])

const badManifests = (): BadBundle[] => [
  badEntry('MANIFEST_INVALID', 'a manifest that is no JSON', good, { name: manifestPath, content: '{' }),
  badEntry('MANIFEST_INVALID', 'a manifest of a newer format', good, { name: manifestPath, content: '{"format":2}' }),
  bad('MANIFEST_DIGEST_MISMATCH', 'a digest of other files', withManifest({ digest: sha256('x') }, good)),
  bad('MANIFEST_FILE_UNLISTED', 'a file that was added', withManifest({}, good, second)),
  bad(
    'MANIFEST_FILE_UNLISTED',
    'a README that was added',
    withManifest({}, good, { name: 'README.md', content: 'hi' }),
  ),
  bad('MANIFEST_FILE_MISSING', 'a file that was removed', withManifest({}, { name: 'lockstep.txt', content: 'x' })),
  bad('MANIFEST_FILE_MISMATCH', 'a file of another size', withManifest({}, { ...good, content: `${sql} ` })),
  bad(
    'MANIFEST_FILE_MISMATCH',
    'a file of other content',
    withManifest({}, { ...good, content: sql.replace('a', 'b') }),
  ),
]

const signatureFile = (name: string, content = `lockstep bundle statement 1\n`): CraftedEntry => ({
  name: `lockstep.signatures/${name}`,
  content,
})

/** A signature's place takes signatures and nothing else. */
const badSignatures = (): BadBundle[] => [
  bad('SIGNATURE_INVALID', 'a signature that is none', withManifest({}, good, signatureFile('1.txt'))),
  bad('SIGNATURE_INVALID', 'an empty signature', withManifest({}, good, signatureFile('1.txt', ''))),
  bad('MANIFEST_FILE_UNLISTED', 'SQL among the signatures', withManifest({}, good, signatureFile('1.sql', sql))),
  bad('MANIFEST_FILE_UNLISTED', 'a folder below the signatures', withManifest({}, good, signatureFile('a/1.txt'))),
  bad('MANIFEST_FILE_UNLISTED', 'a signature outside of its place', withManifest({}, good, { name: '1.txt' })),
  bad(
    'MANIFEST_FILE_UNLISTED',
    'a signature in a folder of the history',
    withManifest({}, good, { name: '1_a/lockstep.signatures/1.txt' }),
  ),
  bad('BUNDLE_FILE_TOO_LARGE', 'a long signature', withManifest({}, good, signatureFile('1.txt', 'x'.repeat(2_049)))),
  bad(
    'BUNDLE_TOO_MANY_FILES',
    'too many signatures',
    withManifest({}, good, ...Array.from({ length: 33 }, (_, index) => signatureFile(`${index}.txt`))),
  ),
]

/** Sound zips whose history is refused when it is read. */
const badHistories = (): BadBundle[] => [
  badEntry('HISTORY_EMPTY', 'a zip without migrations', { name: 'README.md', content: 'hi' }),
  badEntry(
    'HISTORY_EMPTY',
    'migrations beside other folders',
    { ...good, name: 'db/1_a/migration.sql' },
    { name: 'app/x.ts' },
  ),
  badEntry('HISTORY_DUPLICATE', 'a folder and a loose file of one name', good, { name: '1_a.sql', content: sql }),
  badEntry('HISTORY_TWO_DOWNS', 'two ways down', good, { name: '1_a/down.sql' }, { name: '1_a/rollback.sql' }),
  badEntry('HISTORY_ORPHAN', 'a way down alone', good, { name: '2_b/down.sql', content: sql }),
  badEntry('PROVIDER_UNSUPPORTED', 'a history for MySQL', good, {
    name: 'migration_lock.toml',
    content: 'provider = "mysql"\n',
  }),
]

import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { unzipSync, zipSync } from 'fflate'
import { describe, expect, test } from 'vitest'
import { openBundle } from '../../functions/adapters/bundle-reader.ts'
import { findAdmissions } from '../../functions/domain/admission.ts'
import { defaultLimits } from '../../functions/domain/limits.ts'
import { instant } from '../../functions/domain/types.ts'
import { folderWith, lockstep } from '../support/command-line.ts'
import { targetName } from '../support/control-records.ts'
import { startFakeKms } from '../support/fake-kms.ts'

const history = { 'm/1_a/migration.sql': 'create table a (id int);\n' }
const target = targetName('production')

async function run(cwd: string, words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { code, stdout } = await lockstep([...words, '--json'], { cwd, env })
  return { code, ...JSON.parse(stdout) }
}

/** A folder with a history, its bundle and a key. */
async function workshop(): Promise<{ readonly cwd: string; readonly publicKey: string; readonly digest: string }> {
  const cwd = folderWith(history)
  const { publicKey } = await run(cwd, ['keygen', 'release.key'])
  const { digest } = await run(cwd, ['bundle', 'm', '--out', 'b.zip'])
  return { cwd, publicKey, digest }
}

/** Judges a bundle as the runner does. */
async function admitted(cwd: string, publicKey: string, at = new Date()) {
  const bundle = await openBundle(readFileSync(join(cwd, 'b.zip')), defaultLimits)
  return findAdmissions(bundle, { target, signers: [{ id: 'release', publicKey }], at: instant(at) })
}

const sign = (...more: string[]) => ['sign', 'b.zip', '--key', 'release.key', '--target', target, ...more]

describe('keygen', () => {
  test('given a new name, when a key is made, then only its owner can read it, and the public half lies beside it', async () => {
    const { cwd, publicKey } = await workshop()
    expect(statSync(join(cwd, 'release.key')).mode & 0o777).toBe(0o600)
    const pem = readFileSync(join(cwd, 'release.key.pub'), 'utf8').replaceAll('\n', '')
    expect(pem).toBe(`-----BEGIN PUBLIC KEY-----${publicKey}-----END PUBLIC KEY-----`)
  })

  test.each(['release.key', 'release.key.pub'])(
    'given a file %s, when a key is made, then it is left alone',
    async (file) => {
      const cwd = folderWith({ [file]: 'mine' })
      expect(await run(cwd, ['keygen', 'release.key'])).toMatchObject({ code: 2, error: { code: 'USAGE' } })
      expect(readFileSync(join(cwd, file), 'utf8')).toBe('mine')
    },
  )

  test('given people, when a key is made, then the signer for the settings is printed and the private key is not', async () => {
    const cwd = folderWith()
    const { stdout } = await lockstep(['keygen', 'release.key'], { cwd })
    expect(stdout).toMatch(/"publicKey":"MFkw[A-Za-z0-9+/]+={0,2}"/)
    const [, secret = ''] = readFileSync(join(cwd, 'release.key'), 'utf8').split('\n')
    expect(stdout).not.toContain(secret)
  })
})

describe('sign', () => {
  test('given a bundle, when it is signed, then the runner admits it, and its digest is as before', async () => {
    const { cwd, publicKey, digest } = await workshop()
    const parent = 'a'.repeat(64)
    expect(await run(cwd, sign('--parent', parent))).toMatchObject({ code: 0, digest, signature: { target, parent } })
    expect(await admitted(cwd, publicKey)).toMatchObject([{ signer: { id: 'release' }, statement: { digest, parent } }])
  })

  test.each([
    [[], 29, 31],
    [['--expires', '12h'], 0, 1],
    [['--expires', '90d'], 89, 91],
  ])('given %j, when a bundle is signed, then it holds for that long', async (words, holds, over) => {
    const { cwd, publicKey } = await workshop()
    await run(cwd, sign(...words))
    const inDays = (days: number) => admitted(cwd, publicKey, new Date(Date.now() + days * 86_400_000))
    expect(await inDays(holds)).toHaveLength(1)
    await expect(inDays(over)).rejects.toMatchObject({ code: 'SIGNATURE_EXPIRED' })
  })

  test('given a key that others can read, when a bundle is to be signed, then it is refused with the command that helps', async () => {
    const { cwd } = await workshop()
    chmodSync(join(cwd, 'release.key'), 0o640)
    const before = readFileSync(join(cwd, 'b.zip'))
    const { code, error } = await run(cwd, sign())
    expect({ code, error: error.code }).toEqual({ code: 2, error: 'KEY_INVALID' })
    expect(error.hint).toMatch(/^chmod 600 .*release\.key$/)
    expect(readFileSync(join(cwd, 'b.zip')).equals(before)).toBe(true)
  })

  test.each([
    ['a file that is not there', 'nothing.key', 'KEY_INVALID'],
    ['a public key', 'release.key.pub', 'KEY_INVALID'],
    ['a text', 'b.txt', 'KEY_INVALID'],
  ])('given %s for a key, when a bundle is to be signed, then it is refused', async (_, key, code) => {
    const { cwd } = await workshop()
    chmodSync(join(cwd, 'release.key.pub'), 0o600)
    writeFileSync(join(cwd, 'b.txt'), 'a key', { mode: 0o600 })
    expect(await run(cwd, ['sign', 'b.zip', '--key', key, '--target', target])).toMatchObject({ error: { code } })
  })

  test.each([
    [['sign', 'm', '--key', 'release.key', '--target', target]],
    [['bundle', 'm', '--out', 'c.zip', '--sign', 'release.key']],
    [['bundle', 'm', '--out', 'c.zip', '--target', target]],
    [sign('--expires', '0d')],
    [sign('--expires', '3651d')],
    [sign('--expires', 'never')],
    [sign('--parent', 'abc')],
  ])('given %j, when it is typed, then it is refused as typed wrong', async (words) => {
    const { cwd } = await workshop()
    expect(await run(cwd, words)).toMatchObject({ code: 2, error: { code: 'USAGE' } })
  })
})

describe('what is shown of signatures', () => {
  test('given a bundle that is packed and signed in one, when it is checked, then its signature is shown', async () => {
    const { cwd } = await workshop()
    const words = ['bundle', 'm', '--out', 'b.zip', '--sign', 'release.key', '--target', target]
    const { signatures } = await run(cwd, words)
    expect(signatures).toMatchObject([{ target, parent: null }])
    expect((await run(cwd, ['check', 'b.zip'])).signatures).toEqual(signatures)
    expect((await lockstep(['check', 'b.zip'], { cwd })).stdout).toMatch(/signed for production · until 2\d{3}-/)
  })

  test("given another bundle's signature, when it is checked, then a notice tells", async () => {
    const { cwd } = await workshop()
    await run(cwd, sign())
    const signed = unzipSync(readFileSync(join(cwd, 'b.zip')))
    writeFileSync(join(cwd, 'm/1_a/migration.sql'), 'create table b (id int);\n')
    await run(cwd, ['bundle', 'm', '--out', 'c.zip'])
    const other = unzipSync(readFileSync(join(cwd, 'c.zip')))
    writeFileSync(join(cwd, 'c.zip'), zipSync({ ...signed, ...other }))
    const { notices } = await run(cwd, ['check', 'c.zip'])
    expect(notices).toContainEqual({
      code: 'SIGNATURE_STRANGE',
      message: expect.stringContaining('for another bundle'),
    })
  })
})

describe('a key in KMS', () => {
  const arn = 'arn:aws:kms:eu-west-1:123456789012:alias/release'
  const environment = (
    endpoint: string,
    region: Readonly<Record<string, string>> = { AWS_REGION: 'eu-central-1' },
  ) => ({
    AWS_ENDPOINT_URL_KMS: endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    ...region,
  })

  test.each([
    ['alias/release', undefined],
    [arn, {}],
  ])('given %s, when a bundle is signed, then what KMS answers is what the runner admits', async (key, region) => {
    await using kms = await startFakeKms()
    const { cwd } = await workshop()
    const words = ['sign', 'b.zip', '--key', key, '--target', target]
    expect(await run(cwd, words, environment(kms.endpoint, region))).toMatchObject({ code: 0 })
    expect(await admitted(cwd, kms.publicKey)).toHaveLength(1)
    expect(kms.asked).toEqual([`GetPublicKey ${key}`, `Sign ${key}`])
  })

  test.each([
    ['alias/rsa', 2, 'KEY_INVALID'],
    ['alias/nobody', 2, 'KEY_INVALID'],
    ['alias/disabled', 2, 'KEY_INVALID'],
    ['alias/denied', 6, 'AWS_DENIED'],
  ])('given %s, when a bundle is to be signed, then exit %d with %s', async (key, code, error) => {
    await using kms = await startFakeKms()
    const { cwd } = await workshop()
    const words = ['sign', 'b.zip', '--key', key, '--target', target]
    expect(await run(cwd, words, environment(kms.endpoint))).toMatchObject({ code, error: { code: error } })
    expect(kms.asked).toEqual([`GetPublicKey ${key}`])
  })

  test('given KMS that does not answer, when a bundle is to be signed, then it is told as unreachable', async () => {
    const { cwd } = await workshop()
    const words = ['sign', 'b.zip', '--key', 'alias/release', '--target', target]
    const answer = await run(cwd, words, environment('http://127.0.0.1:1'))
    expect(answer).toMatchObject({ code: 6, error: { code: 'AWS_UNREACHABLE' } })
  })
})

describe('the commands of docs/bundle-format.md', () => {
  const page = readFileSync(resolve(import.meta.dirname, '..', '..', 'docs', 'bundle-format.md'), 'utf8')
  const blockWith = (part: string): string => {
    const found = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text)
    return found.find((text) => text.includes(part)) ?? ''
  }
  const has = (...tools: string[]): boolean => {
    try {
      for (const tool of tools) execFileSync('sh', ['-c', `command -v ${tool}`])
      return true
    } catch {
      return false
    }
  }

  test('given openssl and zip, when a bundle is signed and checked as the page says, then the runner admits it', async ({
    skip,
  }) => {
    skip(!has('openssl', 'zip', 'unzip', 'sha256sum'), 'openssl, zip, unzip or sha256sum is not installed')
    const cwd = folderWith(history)
    await run(cwd, ['bundle', 'm', '--out', 'b.zip'])
    const shell = (text: string) =>
      execFileSync('sh', ['-ec', text.replaceAll('bundle.zip', 'b.zip')], { cwd, encoding: 'utf8' })
    shell(blockWith('openssl genpkey'))
    const publicKey = shell('openssl base64 -A -in release.der')
    expect(await admitted(cwd, publicKey)).toHaveLength(1)
    expect(shell(blockWith('openssl dgst -sha256 -verify'))).toBe('Verified OK\n')
  })

  test('given openssl, when what `lockstep sign` made is checked as the page says, then it verifies', async ({
    skip,
  }) => {
    skip(!has('openssl', 'unzip'), 'openssl or unzip is not installed')
    const { cwd } = await workshop()
    await run(cwd, sign())
    const name = execFileSync('unzip', ['-Z1', 'b.zip', 'lockstep.signatures/*'], { cwd, encoding: 'utf8' }).trim()
    const text = blockWith('-verify')
      .replaceAll('bundle.zip', 'b.zip')
      .replace('lockstep.signatures/production.txt', name)
    expect(execFileSync('sh', ['-ec', text], { cwd, encoding: 'utf8' })).toBe('Verified OK\n')
  })
})

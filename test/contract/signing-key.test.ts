import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as sdk from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readKeyFile, writeKeyFile } from '../../functions/adapters/key-file.ts'
import { openKmsKey } from '../../functions/adapters/kms-key.ts'
import { sha256 } from '../../functions/domain/checksum.ts'
import { isPublicKey, isSignedBy, keyIdOf } from '../../functions/domain/signer.ts'
import type { SigningKey } from '../../functions/engine/signing-key.ts'
import { targetName } from '../support/control-records.ts'
import { startFakeKms } from '../support/fake-kms.ts'
import { newKey, statementOf } from '../support/signing.ts'

interface Opened extends AsyncDisposable {
  readonly key: SigningKey
}

/** Holds a key to what `signBundle` expects of it. */
function signingKeyContract(name: string, open: () => Promise<Opened>): void {
  describe(name, () => {
    let opened: Opened
    beforeAll(async () => {
      opened = await open()
    })
    afterAll(() => opened[Symbol.asyncDispose]())

    const signed = async (statement: ReturnType<typeof statementOf>) => ({
      path: 'x',
      statement,
      signature: await opened.key.sign(statement),
    })
    const signer = () => ({ id: 'release', publicKey: opened.key.publicKey })

    test('given the key, when its public half is read, then settings would take it', () => {
      expect(isPublicKey(opened.key.publicKey)).toBe(true)
    })

    test('given statements of all lengths, when they are signed, then each verifies with the public half', async () => {
      for (const length of [1, 10, 63]) {
        const statement = statementOf(opened.key, { target: targetName('a'.repeat(length)), parent: sha256('before') })
        expect(isSignedBy(await signed(statement), signer())).toBe(true)
      }
    })

    test('given a signature, when it stands below another statement, then it does not verify', async () => {
      const good = await signed(statementOf(opened.key))
      const statement = statementOf(opened.key, { target: targetName('staging') })
      expect(isSignedBy({ ...good, statement }, signer())).toBe(false)
    })

    test('given another key, when it is asked for the signature, then it does not verify', async () => {
      const { signer: other } = newKey('other')
      const statement = { ...statementOf(opened.key), key: keyIdOf(other.publicKey) }
      expect(isSignedBy(await signed(statement), other)).toBe(false)
    })
  })
}

signingKeyContract('a key file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-key-'))
  const publicKey = await writeKeyFile(join(folder, 'release.key'))
  const key = await readKeyFile(join(folder, 'release.key'))
  expect(key.publicKey).toBe(publicKey)
  return { key, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
})

signingKeyContract('a key in KMS', async () => {
  const kms = await startFakeKms()
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  const client = new sdk.KMSClient({ endpoint: kms.endpoint, region: 'eu-central-1', credentials })
  const close = async (): Promise<void> => {
    client.destroy()
    await kms[Symbol.asyncDispose]()
  }
  return { key: await openKmsKey(client, sdk, 'alias/release'), [Symbol.asyncDispose]: close }
})

signingKeyContract('the key of the tests', async () => ({
  key: newKey('release'),
  [Symbol.asyncDispose]: async () => undefined,
}))

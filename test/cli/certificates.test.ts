import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openBundle } from '../../functions/adapters/bundle-reader.ts'
import { openFolder } from '../../functions/adapters/folder-history.ts'
import { readHistory } from '../../functions/domain/history.ts'
import { defaultLimits } from '../../functions/domain/limits.ts'
import { certifiedDigest, writeCertificatesFile } from '../../scripts/cli/certificates-file.ts'
import { folderWith, lockstep } from '../support/command-line.ts'

const history = {
  'm/1_first/migration.sql': 'create table a (id int);',
  'm/1_first/down.sql': 'drop table a;',
  'm/2_second/migration.sql': '-- lockstep:irreversible it sends letters\nselect 1;',
}

/** A folder whose first migration is certified. */
const certifiedFolder = async (): Promise<string> => {
  const cwd = folderWith(history)
  const { migrations } = readHistory(await openFolder(join(cwd, 'm'), defaultLimits))
  const [first] = migrations
  if (first === undefined) throw new Error('no migration')
  await writeCertificatesFile(join(cwd, 'm'), { [first.name]: { digest: certifiedDigest(first), text: 'reversible' } })
  return cwd
}

const pack = async (cwd: string) => {
  const run = await lockstep(['bundle', 'm', '--out', 'b.zip', '--json'], { cwd })
  const manifest = (await openBundle(readFileSync(join(cwd, 'b.zip')), defaultLimits)).manifest
  return { document: JSON.parse(run.stdout), manifest }
}

describe('certificates beside a history', () => {
  test('given a certificate of the files as they are, when packed, then it stands in the manifest', async () => {
    const { document, manifest } = await pack(await certifiedFolder())
    expect(manifest?.certificates).toEqual({ '1_first': 'reversible' })
    expect(document.certificates).toEqual({ '1_first': 'reversible' })
  })

  test.each(['migration.sql', 'down.sql', 'verify.sql'])(
    'given a %s that was changed since, when packed, then the certificate is left out and said to be stale',
    async (file) => {
      const cwd = await certifiedFolder()
      writeFileSync(join(cwd, 'm/1_first', file), 'select 2;')
      const { document, manifest } = await pack(cwd)
      expect(manifest?.certificates).toBeUndefined()
      expect(document.notices).toContainEqual(expect.objectContaining({ code: 'CERTIFICATE_STALE' }))
    },
  )

  test.each([
    ['{', 'JSON'],
    ['{"format":2,"certificates":{}}', 'format'],
    [`{"format":1,"certificates":{"1_first":{"digest":"${'0'.repeat(64)}","text":"yes"}}}`, '1_first.text'],
  ])('given the file as %s, when packed, then it is refused with the place', async (text, place) => {
    const cwd = folderWith({ ...history, 'm/lockstep.certificates.json': text })
    const { code, stderr } = await lockstep(['bundle', 'm', '--out', 'b.zip'], { cwd })
    expect(code).toBe(3)
    expect(stderr).toContain('error CERTIFICATE_INVALID: ')
    expect(stderr).toContain(place)
  })
})

describe('push --require-certificate', () => {
  const push = (cwd: string) =>
    lockstep(['push', 'm', '--target', 'orders', '--no-local', '--require-certificate'], { cwd })

  test('given a migration without one, when pushed, then it is named and nothing is uploaded', async () => {
    const { code, stderr } = await push(folderWith(history))
    expect(code).toBe(3)
    expect(stderr).toContain('error CERTIFICATE_REQUIRED: no certificate of going back: 1_first\n')
  })

  test('given one, and another that is irreversible by its directive, when pushed, then the upload is what comes next', async () => {
    const { code, stderr } = await push(await certifiedFolder())
    expect(code).toBe(2)
    expect(stderr).toContain('LOCKSTEP_BUNDLE_BUCKET')
  })
})

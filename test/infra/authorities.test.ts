import { X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { rootsByRegion, writeRdsAuthorities } from '../../scripts/rds-authorities.ts'
import { makeAuthority } from '../support/certificates.ts'
import { makeFolder } from './synthesize.ts'

describe('authorities of RDS', () => {
  const folder = makeFolder()

  test('given the build, when it writes them, then each region has its three roots, and nothing else', async () => {
    await writeRdsAuthorities(folder)
    const files = readdirSync(folder)
    expect(files).toContain('eu-central-1.pem')
    expect(files).toContain('us-east-1.pem')
    for (const file of files) {
      const region = file.replace('.pem', '')
      const pems = readFileSync(join(folder, file), 'utf8')
        .split(/(?<=-----END CERTIFICATE-----)\n/)
        .filter(Boolean)
      const roots = pems.map((pem) => new X509Certificate(pem))
      const names = roots.map(({ subject }) => /CN=(.*)/.exec(subject)?.[1] ?? '').toSorted()
      expect(names).toEqual(['ECC384', 'RSA2048', 'RSA4096'].map((kind) => `Amazon RDS ${region} Root CA ${kind} G1`))
      // who signed themselves, and still may for decades
      expect(
        roots.every((root) => root.verify(root.publicKey) && Date.parse(root.validTo) > Date.parse('2060-01-01')),
      ).toBe(true)
    }
  })

  test('given roots of others, servers and expired ones, when they are sorted, then only roots of RDS are kept', () => {
    const imitation = makeAuthority('Amazon RDS eu-central-1 Root CA RSA2048 G2')
    const others = [makeAuthority('Amazon Root CA 1').certificate, imitation.certificate]
    const server = imitation.issue(['Amazon RDS eu-central-1 Root CA RSA2048 G1']).certificate
    expect([...rootsByRegion([...others, server])]).toEqual([])
  })
})

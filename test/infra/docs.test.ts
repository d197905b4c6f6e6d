import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { environment } from '../../functions/edge/resources.ts'
import { parseTargetSettings } from '../../functions/edge/target-settings.ts'
import { readDeployment } from '../../infra/deployment.ts'
import { stageNames, stages } from '../../infra/sample/stages.ts'
import packageFile from '../../package.json' with { type: 'json' }
import { neededOutputs } from '../../scripts/verify-aws/stack-outputs.ts'
import { isRecord } from './reading.ts'
import { exampleContext, makeApp, makeFolder, synthesize } from './synthesize.ts'

const page = readFileSync(resolve(import.meta.dirname, '..', '..', 'docs', 'aws.md'), 'utf8')
const blockOf = (language: string, holding: string): string =>
  [...page.matchAll(/```(\w+)\n([\s\S]*?)```/g)].find(
    (found) => found[1] === language && found[2]?.includes(holding),
  )?.[2] ?? ''

const outputs: unknown = synthesize().toJSON().Outputs
const outputIds = Object.keys(isRecord(outputs) ? outputs : {})

describe('docs/aws.md', () => {
  test('given the context that it shows, when the deployment is read, then nothing is missing or wrong', () => {
    const deployment = readDeployment(makeApp(JSON.parse(blockOf('json', 'lockstep:vpcId'))).node)
    expect(deployment.targets.map(({ name, port }) => [name, port])).toEqual([['shop', 5432]])
  })

  test('given the keys that the app reads, when the page is searched, then each has its row', () => {
    const files = ['deployment.ts', 'sample/read-sample.ts']
    const source = files.map((file) => readFileSync(resolve(import.meta.dirname, '..', '..', 'infra', file), 'utf8'))
    const keys = new Set(source.join().match(/lockstep:[a-z]\w+/gi))
    expect([...keys].filter((key) => !page.includes(`| \`${key}\` |`))).toEqual([])
  })

  test('given the outputs that it names, when the stack is made, then it has them', () => {
    const named = ['BundleBucket', 'StatusFunction', 'AlarmTopic']
    expect(named.filter((id) => !page.includes(id) || !outputIds.includes(id))).toEqual([])
  })

  test('given the outputs that `npm run verify:aws` reads, when the stack is made, then it has them', () => {
    expect(neededOutputs.filter((id) => !outputIds.includes(id))).toEqual([])
  })

  test('given the outputs of a deploy, when the shell finds the settings command as shown, then it is the target’s', () => {
    const folder = makeFolder()
    const demo = outputIds.find((id) => id.startsWith('LockstepSettings')) ?? ''
    const found = {
      [demo.replace('demo', 'shop2')]: 'echo other',
      [demo.replace('demo', 'shop')]: "echo 'it is shop'",
    }
    writeFileSync(join(folder, 'outputs.json'), JSON.stringify({ Lockstep: { ControlTable: 'control', ...found } }))
    const command = blockOf('sh', 'LockstepSettingsshop')
    expect(execFileSync('/bin/sh', ['-c', command], { cwd: folder, encoding: 'utf8' })).toBe('it is shop\n')
  })

  test('given its app of another’s, when Node runs it where Lockstep is a workspace, then both targets are in its template', () => {
    const [folder, root] = [makeFolder(), resolve(import.meta.dirname, '..', '..')]
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync(root, join(folder, 'node_modules', 'lockstep'))
    for (const name of ['aws-cdk-lib', 'constructs'])
      symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name))
    const artefacts = `artefacts: ${JSON.stringify(exampleContext['lockstep:artefacts'])},`
    const shown = blockOf('ts', "from 'lockstep/infra'")
    writeFileSync(
      join(folder, 'app.ts'),
      shown.replace('  targets: [', (found) => `  ${artefacts}\n${found}`),
    )
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    const env = { ...process.env, CDK_OUTDIR: join(folder, 'out') }
    execFileSync(process.execPath, ['app.ts'], { cwd: folder, env, stdio: 'pipe' })
    const template: unknown = JSON.parse(readFileSync(join(folder, 'out', 'Shop.template.json'), 'utf8'))
    const ids = Object.keys(isRecord(template) && isRecord(template.Outputs) ? template.Outputs : {})
    expect(ids.filter((id) => /Settings(shop|legacy)/.test(id))).toHaveLength(2)
  })

  test('given the versions that it names, when they are compared with ours, then they are the same', () => {
    const { devDependencies } = packageFile
    const named = ['aws-cdk-lib', 'constructs'] as const
    expect(blockOf('sh', 'workspaces[]')).toContain(named.map((name) => `${name}@${devDependencies[name]}`).join(' '))
  })

  test('given the stages that it shows, when they are compared with the code, then they are the same', () => {
    const sizes = stageNames.map((name) => `db.${stages[name].instanceType}`)
    const capacity = stageNames.map((name) => `${stages[name].capacity.min} to ${stages[name].capacity.max}`)
    const backups = stageNames.map((name) => stages[name].backups.toDays())
    const records = stageNames.map(
      (name) => `${stages[name].records.retention.toDays()} days?, ${stages[name].records.mode}`,
    )
    for (const shown of [sizes, capacity, backups, records])
      expect(page).toMatch(new RegExp(shown.map((each) => `\\| ${each}\\b[^|]*`).join('')))
  })

  test('given the workflow that it shows, when its variables are read, then they are the ones that the command line reads', () => {
    const workflow = blockOf('yaml', 'lockstep push')
    const variables = [...workflow.matchAll(/^ +(LOCKSTEP_\w+): /gm)].map(([, name]) => name)
    expect(variables).toEqual([environment.bundleBucket, environment.statusFunction])
    expect(workflow).toContain('id-token: write')
  })

  test('given an item with no more than the command writes, when it is read, then the defaults are those of the table', () => {
    const { searchPath, lockTimeoutMs, statementTimeoutMs, leaseMs, heartbeatMs, policy, limits } = parseTargetSettings(
      {
        target: 'shop',
        applicationRole: 'app',
        connection: { host: 'h', database: 'd', user: 'u', credential: { kind: 'password', password: 'p' } },
      },
    )
    const shown = (value: number) => value.toLocaleString('en-US')
    const mebibytes = (bytes: number) => `${bytes / 1024 ** 2} MiB`
    const rows = [
      `| \`searchPath\` | \`${searchPath}\` |`,
      `| \`lockTimeoutMs\`, \`statementTimeoutMs\` | ${shown(lockTimeoutMs)} and ${statementTimeoutMs} (none) |`,
      `| \`leaseMs\`, \`heartbeatMs\` | ${shown(leaseMs)} and ${shown(heartbeatMs)} |`,
      `| \`policy.outOfOrder\` | \`${policy.outOfOrder}\` |`,
      `| \`policy.requireManifest\` | \`${policy.requireManifest}\` |`,
      `| \`policy.requireCertificate\` | \`${policy.requireCertificate}\` |`,
      `| \`policy.stepAttempts\` | ${policy.stepAttempts} |`,
      `| \`policy.faultAttempts\`, \`policy.faultWindowMs\` | ${policy.faultAttempts} and ${shown(policy.faultWindowMs)} |`,
      `| \`policy.keepBytes\`, \`policy.keepRows\` | ${policy.keepBytes / 1024 ** 3} GiB and ${shown(policy.keepRows)} |`,
      `| \`limits.files\`, \`.fileBytes\`, \`.inflatedBytes\`, \`.ratio\` | ${shown(limits.files)}, ${mebibytes(limits.fileBytes)}, ${mebibytes(limits.inflatedBytes)}, ${limits.ratio} |`,
    ]
    expect(rows.filter((row) => !page.includes(row))).toEqual([])
  })
})

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { exampleContext, makeFolder, synthesize } from './synthesize.ts'

/** Runs the app as the CDK command line does, with context and output folder in the environment. */
const runApp = (context: Readonly<Record<string, unknown>>): string => {
  const outdir = makeFolder()
  const env = { ...process.env, CDK_CONTEXT_JSON: JSON.stringify(context), CDK_OUTDIR: outdir }
  execFileSync(process.execPath, ['infra/app.ts'], { env, stdio: 'pipe', timeout: 60_000 })
  return outdir
}

describe('the app', () => {
  test('given the example context, when the app is run, then it writes the template of the stack', () => {
    const outdir = runApp({ 'lockstep:artefacts': exampleContext['lockstep:artefacts'] })
    const written: unknown = JSON.parse(readFileSync(join(outdir, 'Lockstep.template.json'), 'utf8'))
    expect(written).toMatchObject({ Resources: synthesize().toJSON().Resources })
  })

  test('given a sample, when the app is run, then its stack is named by the stage, and is the only one', () => {
    const artefacts = { 'lockstep:artefacts': exampleContext['lockstep:artefacts'] }
    const outdir = runApp({ ...artefacts, 'lockstep:database': 'aurora', 'lockstep:stage': 'staging' })
    const templates = readdirSync(outdir).filter((file) => file.endsWith('.template.json'))
    expect(templates).toEqual(['Lockstep-staging.template.json'])
  })

  test('given a key that nobody reads, when the app is run, then it fails and names the one that was meant', () => {
    expect(() => runApp({ 'lockstep:stages': 'dev' })).toThrow('did you mean lockstep:stage?')
  })

  test('given a key that the command line empties, when the app is run, then it fails and names the key', () => {
    expect(() => runApp({ 'lockstep:vpcId': '' })).toThrow('lockstep:vpcId: the VPC from which')
  })
})

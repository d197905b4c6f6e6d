import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { afterAll } from 'vitest'
import cdk from '../../cdk.json' with { type: 'json' }
import { functions, setupFunction } from '../../functions/edge/resources.ts'
import { readDeployment } from '../../infra/deployment.ts'
import { LockstepStack } from '../../infra/stack.ts'

const scratch = mkdtempSync(join(tmpdir(), 'lockstep-infra-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** Makes an empty folder that is gone after the tests of the file. */
export const makeFolder = (): string => mkdtempSync(join(scratch, 'f-'))

/** Makes a folder with an artefact for each function, so that no test here depends on the build. */
const makeArtefacts = (): string => {
  const root = makeFolder()
  for (const { name } of [...functions, setupFunction]) {
    mkdirSync(join(root, name))
    writeFileSync(join(root, name, 'index.mjs'), 'export const handler = async () => {}\n')
  }
  return root
}

/** The example deployment of `cdk.json`, on made-up artefacts. */
export const exampleContext = { ...cdk.context, 'lockstep:artefacts': makeArtefacts() }

/** Makes an app that leaves nothing behind. */
export const makeApp = (context: Readonly<Record<string, unknown>> = {}): App =>
  new App({ context, outdir: makeFolder() })

/** Makes the stack as `infra/app.ts` does, with a context of the test's own. */
export const makeStack = (context: Readonly<Record<string, unknown>> = exampleContext): LockstepStack => {
  const app = makeApp(context)
  return new LockstepStack(app, 'Lockstep', { deployment: readDeployment(app.node) })
}

export const synthesize = (context?: Readonly<Record<string, unknown>>): Template =>
  Template.fromStack(makeStack(context))

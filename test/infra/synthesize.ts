import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import { afterAll } from 'vitest'
import cdk from '../../cdk.json' with { type: 'json' }
import { functions, setupFunction } from '../../functions/edge/resources.ts'
import type { PostgresMigrationsProps } from '../../infra/constructs/migrations-props.ts'
import { PostgresMigrations } from '../../infra/constructs/postgres-migrations.ts'
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

/** Makes what an app of its own would: a stack with the construct in it, and with properties of the test's own. */
export const makeOwn = (
  props: (stack: Stack) => Partial<PostgresMigrationsProps> = () => ({}),
  stack: Stack = new Stack(makeApp(), 'Lockstep'),
): { readonly stack: Stack; readonly migrations: PostgresMigrations } => {
  const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-00000000000000001',
    availabilityZones: ['a'],
    isolatedSubnetIds: ['subnet-00000000000000001'],
    isolatedSubnetRouteTableIds: ['rtb-00000000000000001'],
  })
  const migrations = new PostgresMigrations(stack, 'Lockstep', {
    vpc,
    securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(stack, 'SecurityGroup', 'sg-00000000000000001')],
    vpcSubnets: { subnets: vpc.isolatedSubnets },
    targets: [{ name: 'shop', host: 'h', database: 'd', user: 'u', applicationRole: 'a' }],
    artefacts: exampleContext['lockstep:artefacts'],
    ...props(stack),
  })
  return { stack, migrations }
}

/** The template of such a stack. */
export const synthesizeOwn = (props?: (stack: Stack) => Partial<PostgresMigrationsProps>): Template =>
  Template.fromStack(makeOwn(props).stack)

import { App, Stack } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as rds from 'aws-cdk-lib/aws-rds'
import type { PostgresMigrationsProps } from '../../infra/constructs/migrations-props.ts'
import { PostgresMigrations } from '../../infra/constructs/postgres-migrations.ts'
import { exampleContext, makeFolder } from './synthesize.ts'

export const isolated = { subnetType: ec2.SubnetType.PRIVATE_ISOLATED }

/** Makes a stack with a VPC that has no way out, for databases that the app makes itself. */
export const makeData = () => {
  const stack = new Stack(new App({ context: exampleContext, outdir: makeFolder() }), 'Data')
  const subnetConfiguration = [{ name: 'isolated', ...isolated }]
  const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 0, subnetConfiguration })
  // CDK's class says of an optional property that it may be undefined, which its interface does not
  return { stack, vpc: vpc as ec2.IVpc }
}

export type Data = ReturnType<typeof makeData>

export const makeInstance = ({ stack, vpc }: Data, props: Partial<rds.DatabaseInstanceProps> = {}) =>
  new rds.DatabaseInstance(stack, 'Database', {
    engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_17 }),
    ...{ vpc, vpcSubnets: isolated, iamAuthentication: true, storageEncrypted: true, manageMasterUserPassword: true },
    ...props,
  })

export const makeCluster = ({ stack, vpc }: Data, props: Partial<rds.DatabaseClusterProps> = {}) =>
  new rds.DatabaseCluster(stack, 'Database', {
    engine: rds.DatabaseClusterEngine.auroraPostgres({ version: rds.AuroraPostgresEngineVersion.VER_17_9 }),
    writer: rds.ClusterInstance.serverlessV2('Writer'),
    ...{ vpc, vpcSubnets: isolated, iamAuthentication: true, storageEncrypted: true, manageMasterUserPassword: true },
    ...props,
  })

/** Makes Lockstep in a stack, which may be the data's own. */
export const makeMigrations = (
  stack: Stack,
  props: Pick<PostgresMigrationsProps, 'vpc' | 'targets'> & Partial<PostgresMigrationsProps>,
) => new PostgresMigrations(stack, 'Lockstep', { ...props, artefacts: exampleContext['lockstep:artefacts'] })

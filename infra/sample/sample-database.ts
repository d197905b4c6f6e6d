import { RemovalPolicy, Stack, Validations } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as logs from 'aws-cdk-lib/aws-logs'
import * as rds from 'aws-cdk-lib/aws-rds'
import type { Construct } from 'constructs'
import { type DatabaseTargetProps, fromCluster, fromInstance } from '../constructs/database-targets.ts'
import type { TargetProps } from '../constructs/target-props.ts'
import { isolated } from './sample-vpc.ts'
import type { Stage } from './stages.ts'

interface SampleDatabaseProps {
  readonly vpc: ec2.IVpc
  readonly stage: Stage
}

const shop: DatabaseTargetProps = {
  name: 'shop',
  database: 'shop',
  user: 'shop_login',
  applicationRole: 'shop_app',
  ownerRole: 'shop_lockstep',
  makeRoles: true,
}

/** Makes an instance of RDS, and the target of it. */
export function makeSampleInstance(scope: Construct, { vpc, stage }: SampleDatabaseProps): TargetProps {
  const name = nameOf(scope)
  const instance = new rds.DatabaseInstance(scope, 'Database', {
    instanceIdentifier: name,
    engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_17 }),
    instanceType: stage.instanceType,
    multiAz: stage.standby,
    databaseName: shop.database,
    storageType: rds.StorageType.GP3,
    allocatedStorage: 20,
    maxAllocatedStorage: 200,
    backupRetention: stage.backups,
    publiclyAccessible: false,
    ...commonOf(scope, { vpc, stage }),
  })
  instance.node.addDependency(makeLog(scope, `/aws/rds/instance/${name}/postgresql`, stage))
  acknowledgeStage(instance, stage)
  Validations.of(instance).acknowledge({
    id: 'AwsSolutions-RDS11',
    reason: 'another port hides nothing from who can reach it: its security group lets in the runner, and nobody else',
  })
  if (!stage.standby) {
    Validations.of(instance).acknowledge({
      id: 'AwsSolutions-RDS3',
      reason: 'at this stage a lost zone may cost hours; production has its standby in the other one',
    })
  }
  return fromInstance(instance, shop)
}

/** Makes a cluster of Aurora Serverless, and the target of it. */
export function makeSampleCluster(scope: Construct, { vpc, stage }: SampleDatabaseProps): TargetProps {
  const name = nameOf(scope)
  const cluster = new rds.DatabaseCluster(scope, 'Database', {
    clusterIdentifier: name,
    engine: rds.DatabaseClusterEngine.auroraPostgres({ version: rds.AuroraPostgresEngineVersion.VER_17_9 }),
    writer: rds.ClusterInstance.serverlessV2('Writer', placement),
    // the first reader is in the other zone, and as large as the writer, so that it can take over
    readers: stage.standby
      ? [rds.ClusterInstance.serverlessV2('Standby', { ...placement, scaleWithWriter: true })]
      : [],
    serverlessV2MinCapacity: stage.capacity.min,
    serverlessV2MaxCapacity: stage.capacity.max,
    defaultDatabaseName: shop.database,
    backup: { retention: stage.backups },
    ...commonOf(scope, { vpc, stage }),
  })
  cluster.node.addDependency(makeLog(scope, `/aws/rds/cluster/${name}/postgresql`, stage))
  acknowledgeStage(cluster, stage)
  return fromCluster(cluster, shop)
}

const placement = { publiclyAccessible: false, enablePerformanceInsights: true }

const commonOf = (scope: Construct, { vpc, stage: { deletionProtection, removal } }: SampleDatabaseProps) => ({
  vpc,
  securityGroups: [makeGroup(scope, vpc)],
  vpcSubnets: isolated,
  iamAuthentication: true,
  // RDS makes the administrator's password, keeps it in Secrets Manager, and rotates it
  manageMasterUserPassword: true,
  storageEncrypted: true,
  parameters: { 'rds.force_ssl': '1' },
  cloudwatchLogsExports: ['postgresql'],
  enablePerformanceInsights: true,
  deletionProtection,
  removalPolicy: removal,
})

/** Who asks is let in by the runner's construct; a database that asks nobody can send nothing away, whatever its SQL tries. */
const makeGroup = (scope: Construct, vpc: ec2.IVpc): ec2.SecurityGroup =>
  new ec2.SecurityGroup(scope, 'DatabaseGroup', {
    vpc,
    description: 'Lockstep: the database, which is asked and asks nobody',
    allowAllOutbound: false,
  })

const acknowledgeStage = (database: Construct, { deletionProtection }: Stage): void => {
  if (deletionProtection) return
  Validations.of(database).acknowledge({
    id: 'AwsSolutions-RDS10',
    reason: 'at this stage the database is made to be thrown away with its stack',
  })
}

/** The log's name follows from it. A named database is also one that CloudFormation can't silently replace. */
const nameOf = (scope: Construct): string => `${Stack.of(scope).stackName}-${shop.name}`.toLowerCase()

/**
 * Without it RDS makes one that is kept for ever, and CDK's retention would bring a custom resource. It goes with the stack, since one
 * that stayed would be in the way of the next deploy.
 */
const makeLog = (scope: Construct, logGroupName: string, { logRetention: retention }: Stage): logs.LogGroup =>
  new logs.LogGroup(scope, 'DatabaseLog', { logGroupName, retention, removalPolicy: RemovalPolicy.DESTROY })

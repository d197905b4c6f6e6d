import { Annotations, CfnOutput, Stack, type StackProps } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager'
import type { Construct } from 'constructs'
import { environment } from '../functions/edge/resources.ts'
import { PostgresMigrations } from './constructs/postgres-migrations.ts'
import type { TargetProps } from './constructs/target-props.ts'
import type { Deployment } from './deployment.ts'

export interface LockstepStackProps extends StackProps {
  readonly deployment: Deployment
}

/** Is Lockstep in an existing VPC, for existing databases. It names no account and no region, so it synthesizes offline. */
export class LockstepStack extends Stack {
  readonly migrations: PostgresMigrations

  constructor(scope: Construct, id: string, props: LockstepStackProps) {
    super(scope, id, props)
    const { deployment } = props
    this.migrations = new PostgresMigrations(this, 'Lockstep', {
      ...this.#network(deployment),
      targets: deployment.targets.map((target) => this.#target(target)),
      addSecretsEndpoint: deployment.addSecretsEndpoint,
      ...(deployment.artefacts !== undefined && { artefacts: deployment.artefacts }),
    })
    this.#output()
  }

  #target({ secretArn, adminSecretArn, ...target }: Deployment['targets'][number]): TargetProps {
    const secret = (id: string, arn: string) =>
      secretsmanager.Secret.fromSecretCompleteArn(this, `${target.name}${id}`, arn)
    return {
      ...target,
      ...(secretArn !== undefined && { secret: secret('Secret', secretArn) }),
      ...(adminSecretArn !== undefined && { adminSecret: secret('AdminSecret', adminSecretArn) }),
    }
  }

  #network(deployment: Deployment) {
    const { vpcId, subnetIds, securityGroupIds, endpointRouteTableIds } = deployment
    const addGatewayEndpoints = endpointRouteTableIds.length > 0
    const vpc = ec2.Vpc.fromVpcAttributes(this, 'Vpc', {
      vpcId,
      // a subnet's zone is asked for but used nowhere in the template; a real one would have to be looked up
      availabilityZones: subnetIds.map((_, index) => `zone-${index}`),
      isolatedSubnetIds: [...subnetIds],
      ...(addGatewayEndpoints && { isolatedSubnetRouteTableIds: [...endpointRouteTableIds] }),
    })
    if (!addGatewayEndpoints) Annotations.of(vpc).acknowledgeWarning('@aws-cdk/aws-ec2:noSubnetRouteTableId')
    const securityGroups = securityGroupIds.map((groupId, index) =>
      ec2.SecurityGroup.fromSecurityGroupId(this, `SecurityGroup${index}`, groupId, { mutable: false }),
    )
    return { vpc, securityGroups, vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED }, addGatewayEndpoints }
  }

  /** Names that the command line, a pipeline or an operator needs; the ids are a contract. */
  #output(): void {
    const { bundles, records, queue, control, audit, eventBus, functions } = this.migrations
    const output = (id: string, value: string, description: string) => new CfnOutput(this, id, { value, description })
    output('BundleBucket', bundles.bucket.bucketName, `the command line reads it as ${environment.bundleBucket}`)
    output(
      'StatusFunction',
      functions.status.functionName,
      `the command line reads it as ${environment.statusFunction}`,
    )
    output(
      'UnlockFunction',
      functions.unlock.functionName,
      `the command line reads it as ${environment.unlockFunction}`,
    )
    output(
      'RollbackFunction',
      functions.rollback.functionName,
      `the command line reads it as ${environment.rollbackFunction}`,
    )
    output('ApplyFunction', functions.apply.functionName, 'takes bundles from the queue')
    output('RunnerFunction', functions.runner.functionName, 'migrates; the only function with a way to the databases')
    output('WatchFunction', functions.watch.functionName, 'what the schedules invoke')
    output('AuditFunction', functions.audit.functionName, 'copies audit events to the records bucket and the event bus')
    output(
      'AlarmTopic',
      this.migrations.watching.alarmTopic.topicArn,
      'subscribe to it: the composite alarms page and ticket',
    )
    output('BundleQueueUrl', queue.queue.queueUrl, 'bundles that wait')
    output('DeadLetterQueueUrl', queue.deadLetters.queueUrl, 'bundles that were given up')
    output('AuditFailureQueueUrl', audit.failures.queueUrl, 'positions of audit events that could not be copied')
    output('ControlTable', control.table.tableName, 'lock, runs, ledger, chain and settings')
    output('AuditTable', audit.table.tableName, 'audit events')
    output('RecordsBucket', records.bucket.bucketName, 'archived audit events, under Object Lock')
    output('EventBus', eventBus.eventBusName, 'lockstep.run.finished, lockstep.migration.applied, …')
  }
}

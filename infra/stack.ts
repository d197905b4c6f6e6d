import { Annotations, Stack, type StackProps } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager'
import type { Construct } from 'constructs'
import { PostgresMigrations } from './constructs/postgres-migrations.ts'
import type { TargetProps } from './constructs/target-props.ts'
import type { Deployment } from './deployment.ts'
import { outputNames } from './outputs.ts'

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
    outputNames(this, this.migrations)
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
}

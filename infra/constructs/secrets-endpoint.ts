import * as ec2 from 'aws-cdk-lib/aws-ec2'
import { Construct } from 'constructs'

interface SecretsEndpointProps {
  readonly vpc: ec2.IVpc
  readonly vpcSubnets?: ec2.SubnetSelection
  /** Of those who ask. */
  readonly securityGroups: readonly ec2.ISecurityGroup[]
}

/** Is the way to Secrets Manager out of subnets without any other; unlike a gateway endpoint it is paid by the hour and zone. */
export class SecretsEndpoint extends Construct {
  constructor(scope: Construct, id: string, { vpc, vpcSubnets, securityGroups }: SecretsEndpointProps) {
    super(scope, id)
    const door = new ec2.SecurityGroup(this, 'SecurityGroup', {
      vpc,
      description: 'Lockstep: lets the functions in the VPC ask Secrets Manager',
      allowAllOutbound: false,
    })
    for (const from of securityGroups) door.addIngressRule(from, ec2.Port.HTTPS)
    new ec2.InterfaceVpcEndpoint(this, 'Default', {
      vpc,
      service: ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
      securityGroups: [door],
      // the door's own rules say who may come in; CDK's default is the whole VPC
      open: false,
      ...(vpcSubnets !== undefined && { subnets: vpcSubnets }),
    })
  }
}

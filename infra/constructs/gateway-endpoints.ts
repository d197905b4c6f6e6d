import * as ec2 from 'aws-cdk-lib/aws-ec2'
import { Construct } from 'constructs'

interface GatewayEndpointsProps {
  readonly vpc: ec2.IVpc
  readonly vpcSubnets?: ec2.SubnetSelection
}

/** Is the runner's way to S3 and DynamoDB out of subnets without any other; gateway endpoints cost nothing. */
export class GatewayEndpoints extends Construct {
  constructor(scope: Construct, id: string, { vpc, vpcSubnets }: GatewayEndpointsProps) {
    super(scope, id)
    const subnets = vpcSubnets === undefined ? {} : { subnets: [vpcSubnets] }
    new ec2.GatewayVpcEndpoint(this, 'S3', { vpc, service: ec2.GatewayVpcEndpointAwsService.S3, ...subnets })
    new ec2.GatewayVpcEndpoint(this, 'DynamoDB', {
      vpc,
      service: ec2.GatewayVpcEndpointAwsService.DYNAMODB,
      ...subnets,
    })
  }
}

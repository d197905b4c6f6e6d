import { RemovalPolicy } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as logs from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'

/** The one kind of subnet that there is. */
export const isolated: ec2.SubnetSelection = { subnetType: ec2.SubnetType.PRIVATE_ISOLATED }

/**
 * Makes a VPC without any way to or from the internet, in two zones: no NAT, no internet gateway. What is refused in it is logged,
 * which tells whose security group is in the way.
 */
export function makeSampleVpc(scope: Construct, logRetention: logs.RetentionDays): ec2.IVpc {
  const vpc = new ec2.Vpc(scope, 'Vpc', {
    ipAddresses: ec2.IpAddresses.cidr('10.20.0.0/22'),
    maxAzs: 2,
    natGateways: 0,
    subnetConfiguration: [{ name: 'Isolated', subnetType: ec2.SubnetType.PRIVATE_ISOLATED, cidrMask: 24 }],
    // emptying the default group takes a custom resource; nothing is in that group
    restrictDefaultSecurityGroup: false,
  })
  const logGroup = new logs.LogGroup(scope, 'Refused', {
    retention: logRetention,
    removalPolicy: RemovalPolicy.DESTROY,
  })
  vpc.addFlowLog('Refused', {
    destination: ec2.FlowLogDestination.toCloudWatchLogs(logGroup),
    trafficType: ec2.FlowLogTrafficType.REJECT,
  })
  // CDK's class says of an optional property that it may be undefined, which its interface does not
  return vpc as ec2.IVpc
}

import * as ec2 from 'aws-cdk-lib/aws-ec2'
import type { Construct } from 'constructs'
import type { FunctionNetwork } from './artefact-function.ts'
import type { PostgresMigrationsProps } from './migrations-props.ts'
import type { TargetProps } from './target-props.ts'

type RunnerNetworkProps = Pick<PostgresMigrationsProps, 'vpc' | 'vpcSubnets' | 'securityGroups' | 'targets'>

const defaultPort = 5432

/** Makes what the runner sits in: its subnets, and its security groups, which every database that is a construct lets in. */
export function makeRunnerNetwork(scope: Construct, props: RunnerNetworkProps): FunctionNetwork {
  const { vpc, vpcSubnets = {}, targets } = props
  const securityGroups = props.securityGroups ?? [makeGroup(scope, vpc, targets)]
  const runner = new ec2.Connections({ securityGroups })
  for (const { server, port = defaultPort, name } of targets) {
    if (server === undefined) continue
    // from here, not from the server: the rules then belong to this stack, and the server's stack doesn't wait for it
    runner.allowTo(server, ec2.Port.tcp(port), `Lockstep: the runner, to ${name}`)
  }
  return { vpc, vpcSubnets, securityGroups }
}

/** Lets HTTPS out, since endpoints' prefix lists have other ids in each region, and the port of each host that is no construct. */
const makeGroup = (scope: Construct, vpc: ec2.IVpc, targets: readonly TargetProps[]): ec2.SecurityGroup => {
  const group = new ec2.SecurityGroup(scope, 'SecurityGroup', {
    vpc,
    description: 'Lockstep: lets the runner out to AWS and to the databases',
    allowAllOutbound: false,
  })
  group.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.HTTPS, 'Lockstep: AWS')
  const ports = targets.filter(hasNoGroup).map(({ port = defaultPort }) => port)
  for (const port of new Set(ports)) group.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(port), 'Lockstep: PostgreSQL')
  return group
}

const hasNoGroup = ({ server }: TargetProps): boolean =>
  server === undefined || server.connections.securityGroups.length === 0

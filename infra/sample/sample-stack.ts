import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import type { Construct } from 'constructs'
import { GitHubPushRole } from '../constructs/github-push-role.ts'
import { PostgresMigrations } from '../constructs/postgres-migrations.ts'
import { outputNames } from '../outputs.ts'
import type { Sample } from './read-sample.ts'
import { makeSampleCluster, makeSampleInstance } from './sample-database.ts'
import { isolated, makeSampleVpc } from './sample-vpc.ts'
import { stages } from './stages.ts'

export interface SampleStackProps extends StackProps {
  readonly sample: Sample
}

/**
 * Is one stage of an application's database with Lockstep: a VPC, a database, and its target `shop`. It names no account and no
 * region, so it synthesizes offline.
 */
export class SampleStack extends Stack {
  readonly migrations: PostgresMigrations

  constructor(scope: Construct, id: string, props: SampleStackProps) {
    super(scope, id, props)
    const { database, addSecretsEndpoint, artefacts } = props.sample
    const stage = stages[props.sample.stage]
    const vpc = makeSampleVpc(this, stage.logRetention)
    const makeDatabase = database === 'rds' ? makeSampleInstance : makeSampleCluster
    this.migrations = new PostgresMigrations(this, 'Lockstep', {
      vpc,
      vpcSubnets: isolated,
      targets: [makeDatabase(this, { vpc, stage })],
      addGatewayEndpoints: true,
      addSecretsEndpoint,
      // asked at deploy alone, so one zone is enough: a run signs its own token
      secretsEndpointSubnets: { subnets: vpc.isolatedSubnets.slice(0, 1) },
      refuseOverwrites: true,
      logRetention: stage.logRetention,
      recordsRetention: stage.records.retention,
      recordsMode: stage.records.mode,
      ...(artefacts !== undefined && { artefacts }),
    })
    outputNames(this, this.migrations)
    this.#letGitHubPush(props.sample)
  }

  #letGitHubPush({ github, stage }: Sample): void {
    if (github === undefined) return
    const { repository, providerArn } = github
    const { role } = new GitHubPushRole(this, 'Push', {
      migrations: this.migrations,
      target: 'shop',
      repository,
      from: { environment: stage },
      ...(providerArn !== undefined && {
        provider: iam.OidcProviderNative.fromOidcProviderArn(this, 'GitHub', providerArn),
      }),
    })
    new CfnOutput(this, 'PushRole', { value: role.roleArn, description: `what workflows of ${repository} become` })
  }
}

import type { Duration } from 'aws-cdk-lib'
import type * as ec2 from 'aws-cdk-lib/aws-ec2'
import type * as events from 'aws-cdk-lib/aws-events'
import type * as kms from 'aws-cdk-lib/aws-kms'
import type * as logs from 'aws-cdk-lib/aws-logs'
import type { FunctionOptions } from './function-options.ts'
import type { RecordsMode } from './records-bucket.ts'
import type { TargetProps } from './target-props.ts'
import type { WatchingOptions } from './watching.ts'

/** What is needed of an event bus: its names. */
export type EventBus = Pick<events.IEventBus, 'eventBusArn' | 'eventBusName'>

export interface PostgresMigrationsProps extends WatchingOptions, FunctionOptions {
  /** The VPC from which the databases can be reached; the runner sits in it. */
  readonly vpc: ec2.IVpc
  /**
   * The runner's subnets. They need no way out but the gateway endpoints of S3 and DynamoDB.
   *
   * @default the private subnets of the VPC
   */
  readonly vpcSubnets?: ec2.SubnetSelection
  /**
   * The runner's security groups; the databases let them in, and they let HTTPS and the databases' ports out.
   *
   * @default one of its own, which lets out nothing else
   */
  readonly securityGroups?: ec2.ISecurityGroup[]
  /**
   * Adds the gateway endpoints of S3 and DynamoDB to the runner's subnets.
   *
   * @default false: the VPC has them
   */
  readonly addGatewayEndpoints?: boolean
  /**
   * Adds an interface endpoint of Secrets Manager to the runner's subnets, which is paid by the hour.
   *
   * @default false: no target has a secret, or there is another way to Secrets Manager
   */
  readonly addSecretsEndpoint?: boolean
  /**
   * Where that endpoint is. One subnet costs half of two, and is enough where secrets are read at deploy alone.
   *
   * @default the runner's subnets
   */
  readonly secretsEndpointSubnets?: ec2.SubnetSelection
  /** The databases, by name. */
  readonly targets: readonly TargetProps[]
  /**
   * Encrypts all that is kept with a key of yours: both buckets, both tables, the three queues, the functions' logs and environments,
   * and the topic. The functions get the rights that they need, and services are let in by the key's policy; for an imported key a
   * warning says what its owner has to add. It has to be symmetric and in this region, and its policy has to leave it to IAM who
   * of the account may use it, as the default policy does.
   *
   * @default none: keys that the services own, at no cost
   */
  readonly encryptionKey?: kms.IKey
  /**
   * Refuses every write to the bundle bucket that would replace an object, by refusing those without `If-None-Match: *`, which
   * `lockstep push` sends. Copies into the bucket (CopyObject, the console's, `aws s3 cp` between buckets) can't send it and fail.
   *
   * @default false: who writes over a key makes a new version, and with it a new run
   */
  readonly refuseOverwrites?: boolean
  /**
   * How long an archived audit event can't be deleted or replaced.
   *
   * @default one year
   */
  readonly recordsRetention?: Duration
  /**
   * `governance`: a principal that may bypass it can delete before the time is over; `compliance`: nobody can, not even the account.
   *
   * @default 'governance'
   */
  readonly recordsMode?: RecordsMode
  /**
   * How long the functions' logs are kept.
   *
   * @default three months
   */
  readonly logRetention?: logs.RetentionDays
  /**
   * Where `lockstep.run.finished` and the other events go.
   *
   * @default a bus of its own
   */
  readonly eventBus?: EventBus
  /**
   * The folder with the built functions, `<name>/index.mjs`.
   *
   * @default `dist/functions`, where `npm run build` puts them
   */
  readonly artefacts?: string
}

import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as logs from 'aws-cdk-lib/aws-logs'
import type { RecordsMode } from '../constructs/records-bucket.ts'

export const stageNames = ['dev', 'staging', 'production'] as const

export type StageName = (typeof stageNames)[number]

/** What differs from stage to stage; all else is the same, so that what passed on one means something for the next. */
export interface Stage {
  readonly instanceType: ec2.InstanceType
  /** In Aurora's capacity units of about 2 GiB; from 0 the cluster pauses when nobody is connected. */
  readonly capacity: { readonly min: number; readonly max: number }
  /** Whether a second zone takes over when the first is lost. */
  readonly standby: boolean
  readonly backups: Duration
  readonly deletionProtection: boolean
  /** What becomes of the database when the stack is deleted. */
  readonly removal: RemovalPolicy
  readonly logRetention: logs.RetentionDays
  readonly records: { readonly retention: Duration; readonly mode: RecordsMode }
}

const { T4G, M7G } = ec2.InstanceClass
const { MICRO, SMALL, LARGE } = ec2.InstanceSize

export const stages: Readonly<Record<StageName, Stage>> = {
  dev: {
    instanceType: ec2.InstanceType.of(T4G, MICRO),
    capacity: { min: 0, max: 1 },
    standby: false,
    backups: Duration.days(1),
    deletionProtection: false,
    removal: RemovalPolicy.DESTROY,
    logRetention: logs.RetentionDays.ONE_WEEK,
    records: { retention: Duration.days(1), mode: 'governance' },
  },
  staging: {
    instanceType: ec2.InstanceType.of(T4G, SMALL),
    capacity: { min: 0, max: 2 },
    standby: false,
    backups: Duration.days(7),
    deletionProtection: true,
    removal: RemovalPolicy.SNAPSHOT,
    logRetention: logs.RetentionDays.ONE_MONTH,
    records: { retention: Duration.days(30), mode: 'governance' },
  },
  production: {
    instanceType: ec2.InstanceType.of(M7G, LARGE),
    capacity: { min: 0.5, max: 8 },
    standby: true,
    backups: Duration.days(35),
    deletionProtection: true,
    removal: RemovalPolicy.RETAIN,
    logRetention: logs.RetentionDays.THREE_MONTHS,
    records: { retention: Duration.days(365), mode: 'compliance' },
  },
}

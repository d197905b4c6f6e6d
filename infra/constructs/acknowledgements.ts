import { Stack, Validations } from 'aws-cdk-lib'
import type * as iam from 'aws-cdk-lib/aws-iam'
import type * as lambda from 'aws-cdk-lib/aws-lambda'
import type * as s3 from 'aws-cdk-lib/aws-s3'
import { auditKeys, bundleKeys, bundlePrefix } from '../../functions/edge/resources.ts'

interface Acknowledged {
  readonly runner: lambda.Function
  readonly audit: lambda.Function
  readonly watch: lambda.Function
  readonly bundles: s3.Bucket
  readonly records: s3.Bucket
  readonly logins: readonly string[]
}

/** Says of what cdk-nag finds in the functions' roles why it is meant; each finding by itself, so that a new one is found. */
export function acknowledgeRights({ runner, audit, watch, bundles, records, logins }: Acknowledged): void {
  acknowledgeNetwork(runner)
  acknowledge(runner, [
    [
      `AwsSolutions-IAM5[Resource::${objects(bundles, bundleKeys.prefix)}]`,
      'a run reads the object that its message names',
    ],
    ...logins.map(
      (login): Finding => [
        `AwsSolutions-IAM5[Resource::${login}]`,
        "a target without `resourceId` lets its login role in on every database of the account; name the database's to narrow it",
      ],
    ),
  ])
  for (const archivist of [audit, watch]) {
    acknowledge(archivist, [
      [
        `AwsSolutions-IAM5[Resource::${objects(records, auditKeys.prefix)}]`,
        'each event is an object of its own below this prefix',
      ],
    ])
  }
}

/** Says why a function in the VPC has a policy of AWS's own. */
export const acknowledgeNetwork = (inVpc: lambda.Function): void =>
  acknowledge(inVpc, [
    [
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole]',
      'network interfaces have no names beforehand; AWS keeps this policy up to what Lambda asks for',
    ],
  ])

/** Says why a role that pushes has a wildcard. */
export const acknowledgePush = (role: iam.Role, bundles: s3.Bucket, target: string): void =>
  Validations.of(role).acknowledge({
    id: `AwsSolutions-IAM5[Resource::${objects(bundles, bundlePrefix(target))}]`,
    reason: 'each push is an object of its own below the prefix of its target',
  })

/** Says why a function that is traced may speak of any resource. */
export const acknowledgeTraces = (traced: lambda.Function): void =>
  acknowledge(traced, [
    [
      'AwsSolutions-IAM5[Resource::*]',
      'xray:PutTraceSegments and xray:PutTelemetryRecords know no resource: X-Ray has none that a trace could be sent to',
    ],
  ])

type Finding = readonly [id: string, reason: string]

const acknowledge = (owner: lambda.Function, findings: readonly Finding[]): void => {
  if (owner.role === undefined) return
  for (const [id, reason] of findings) Validations.of(owner.role).acknowledge({ id, reason })
}

/** As cdk-nag writes it. */
const objects = (bucket: s3.Bucket, prefix: string): string => {
  const resource = bucket.node.defaultChild as s3.CfnBucket
  return `<${Stack.of(bucket).getLogicalId(resource)}.Arn>/${prefix}*`
}

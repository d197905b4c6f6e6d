import { Annotations, Stack, Token } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import type * as kms from 'aws-cdk-lib/aws-kms'
import type { Construct } from 'constructs'

interface Place {
  readonly partition: string
  readonly region: string
  readonly account: string
  /** What the names of the stack's log groups begin with. */
  readonly stack: string
}

interface Use {
  readonly principal: string
  readonly actions: readonly string[]
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** What services do with the key in their own name, so that only the key's policy can let them. */
const uses = {
  /**
   * S3 tells the bundle queue of an upload. The queue's own policy wants this account of it; whether KMS sees that condition too, no
   * documentation says.
   *
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html
   */
  s3: (): Use => ({ principal: 's3.amazonaws.com', actions: ['kms:GenerateDataKey', 'kms:Decrypt'] }),
  /**
   * CloudWatch Logs keeps the functions' lines. The policy can't name the log groups, which name the key; their names begin with
   * the stack's.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
   */
  logs: ({ partition, region, account, stack }: Place): Use => ({
    principal: `logs.${region}.amazonaws.com`,
    actions: ['kms:Encrypt*', 'kms:Decrypt*', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:Describe*'],
    conditions: {
      ArnLike: {
        'kms:EncryptionContext:aws:logs:arn': `arn:${partition}:logs:${region}:${account}:log-group:${stack}*`,
      },
    },
  }),
  /**
   * Alarms publish to the topic, whose own policy wants this account of them.
   *
   * @see https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns
   */
  alarms: (): Use => ({ principal: 'cloudwatch.amazonaws.com', actions: ['kms:Decrypt', 'kms:GenerateDataKey'] }),
} as const

/**
 * Lets services use a key by its policy. The policy of an imported key can't be changed from here: a warning then says which
 * statements its owner has to add.
 */
export function letServicesUse(scope: Construct, key: kms.IKey, services: readonly (keyof typeof uses)[]): void {
  const stack = Stack.of(scope)
  const place = placeOf(stack)
  const outside = services.filter(
    (name) => !key.addToResourcePolicy(statementOf(uses[name](place)), true).statementAdded,
  )
  if (outside.length === 0) return
  const statements = outside.map((name) => stack.resolve(statementOf(uses[name](readable(place))).toStatementJson()))
  Annotations.of(scope).addWarningV2(
    `lockstep:keyPolicy-${outside.join('-')}`,
    `the policy of an imported key can't be changed from here; its owner has to add ${JSON.stringify(statements)}`,
  )
}

const statementOf = ({ principal, actions, conditions }: Use): iam.PolicyStatement =>
  new iam.PolicyStatement({
    principals: [new iam.ServicePrincipal(principal)],
    actions: [...actions],
    resources: ['*'],
    ...(conditions && { conditions }),
  })

/** A nested stack's name is made when it is deployed, and a key that waited for it could not be made before it. */
const placeOf = ({ partition, region, account, stackName }: Stack): Place => ({
  partition,
  region,
  account,
  stack: Token.isUnresolved(stackName) ? '' : `${stackName}-`,
})

const readable = ({ partition, region, account, stack }: Place): Place => ({
  partition: known(partition, 'aws'),
  region: known(region, '<region>'),
  account: known(account, '<account>'),
  stack,
})

const known = (value: string, otherwise: string): string => (Token.isUnresolved(value) ? otherwise : value)

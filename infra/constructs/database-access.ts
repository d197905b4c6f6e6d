import { ArnFormat, type Stack } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import type { TargetProps } from './target-props.ts'

/** Lets the runner log in to each target: with IAM as its login role alone, or by reading its secret alone. */
export const grantLogins = (grantee: iam.IGrantable, targets: readonly TargetProps[], stack: Stack): void => {
  for (const target of targets) {
    if (target.secret !== undefined) {
      const resourceArns = [target.secret.secretArn]
      iam.Grant.addToPrincipal({ grantee, actions: ['secretsmanager:GetSecretValue'], resourceArns })
      target.secret.encryptionKey?.grantDecrypt(grantee)
      continue
    }
    const resourceArns = [loginArn(target, stack)]
    iam.Grant.addToPrincipal({ grantee, actions: ['rds-db:connect'], resourceArns })
  }
}

/** Logins that are allowed on every database of the account, since their target does not name its own; as cdk-nag writes them. */
export const openLogins = (targets: readonly TargetProps[]): readonly string[] =>
  targets
    .filter(({ secret, resourceId }) => secret === undefined && resourceId === undefined)
    .map(({ user }) => `arn:<AWS::Partition>:rds-db:<AWS::Region>:<AWS::AccountId>:dbuser:*/${user}`)

/** @see https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.IAMPolicy.html */
const loginArn = ({ resourceId = '*', user }: TargetProps, stack: Stack): string =>
  stack.formatArn({
    service: 'rds-db',
    resource: 'dbuser',
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    resourceName: `${resourceId}/${user}`,
  })

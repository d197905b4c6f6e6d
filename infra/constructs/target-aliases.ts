import * as iam from 'aws-cdk-lib/aws-iam'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import type { Functions } from './migrations-parts.ts'

/** Fronts that people and pipelines invoke, each by the alias of a target. */
const aliasedFronts = ['status', 'rollback', 'unlock'] as const

type AliasedFront = (typeof aliasedFronts)[number]

/**
 * Makes the aliases by which the fronts are invoked. IAM sees no payload: each target is an alias on each front, and the function refuses
 * a payload that names another one.
 *
 * @throws Error for a name that no alias can have
 */
export function makeAliases(scope: Construct, functions: Functions, targets: readonly string[]): void {
  for (const target of targets) {
    if (/^\d+$/.test(target)) throw new Error(`"${target}" is no name for an alias, expected a letter or a dash in it`)
    for (const front of aliasedFronts) {
      const { latestVersion } = functions[front]
      new lambda.Alias(scope, `Alias-${front}-${target}`, { aliasName: target, version: latestVersion })
    }
  }
}

/** Lets somebody invoke a front for one target. */
export const grantAlias = (
  grantee: iam.IGrantable,
  functions: Functions,
  to: { readonly front: AliasedFront; readonly target: string },
): iam.Grant => {
  const resourceArns = [`${functions[to.front].functionArn}:${to.target}`]
  return iam.Grant.addToPrincipal({ grantee, actions: ['lambda:InvokeFunction'], resourceArns })
}

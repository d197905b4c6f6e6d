import { Duration, Stack } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import { Construct } from 'constructs'
import { acknowledgePush } from './acknowledgements.ts'
import type { PostgresMigrations } from './postgres-migrations.ts'

/** Which runs of a repository are meant: those of jobs in one environment, or of jobs without any on one branch. */
export type GitHubRuns = { readonly environment: string } | { readonly branch: string }

export interface GitHubPushRoleProps {
  readonly migrations: PostgresMigrations
  /** The target that is pushed to; its role can do nothing for another. */
  readonly target: string
  /**
   * `owner/name`, or `owner@id/name@id` where GitHub's subjects are immutable, as they are of repositories made or renamed since July 2026.
   *
   * @see https://docs.github.com/actions/reference/openid-connect-reference
   */
  readonly repository: string
  readonly from: GitHubRuns
  /**
   * The account's provider for GitHub; an account can have only one.
   *
   * @default made once in this stack
   */
  readonly provider?: iam.IOIDCProviderRef
}

const issuer = 'token.actions.githubusercontent.com'
const audience = 'sts.amazonaws.com'

/** Is the role with which a workflow of one repository pushes to one target, without any key that could be lost; see `grantPush`. */
export class GitHubPushRole extends Construct {
  readonly role: iam.Role

  constructor(scope: Construct, id: string, props: GitHubPushRoleProps) {
    super(scope, id)
    const { migrations, target, provider = madeProvider(Stack.of(this)) } = props
    const StringEquals = { [`${issuer}:aud`]: audience, [`${issuer}:sub`]: subjectOf(props) }
    this.role = new iam.Role(this, 'Default', {
      description: `Lockstep: pushes to ${target}`,
      assumedBy: new iam.OpenIdConnectPrincipal(provider, { StringEquals }),
      maxSessionDuration: Duration.hours(1),
    })
    migrations.grantPush(this.role, target)
    acknowledgePush(this.role, migrations.bundles.bucket, target)
  }
}

/** IAM compares it as a whole, and would put a policy variable's value in. */
const subjectOf = ({ repository, from }: GitHubPushRoleProps): string => {
  if (!repositoryName.test(repository)) {
    throw new Error(`"${repository}" is no repository, expected "owner/name" or "owner@id/name@id", without wildcards`)
  }
  const [kind, name, claim] =
    'environment' in from
      ? ['environment', from.environment, `environment:${from.environment}`]
      : ['branch', from.branch, `ref:refs/heads/${from.branch}`]
  if (plainName.test(name)) return `repo:${repository}:${claim}`
  throw new Error(`"${name}" is no ${kind}'s name, expected one without wildcards, colons, "$" and spaces`)
}

const repositoryName = /^[a-z\d][a-z\d-]*(?:\/[\w.-]+|@\d+\/[\w.-]+@\d+)$/i
const plainName = /^[^*?:$\s]+$/

const madeProvider = (stack: Stack): iam.IOIDCProviderRef => {
  const id = 'GitHubProvider'
  const found = stack.node.tryFindChild(id)
  if (found instanceof iam.OidcProviderNative) return found
  return new iam.OidcProviderNative(stack, id, { url: `https://${issuer}`, clientIds: [audience] })
}

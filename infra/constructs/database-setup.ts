import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { CustomResource, Duration, Stack } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import type * as lambda from 'aws-cdk-lib/aws-lambda'
import type * as logs from 'aws-cdk-lib/aws-logs'
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager'
import { Construct, type IConstruct } from 'constructs'
import { environment, setupFunction } from '../../functions/edge/resources.ts'
import { acknowledgeNetwork } from './acknowledgements.ts'
import { ArtefactFunction, type FunctionNetwork } from './artefact-function.ts'
import type { Encrypted } from './encryption.ts'
import type { FunctionOptions } from './function-options.ts'
import type { TargetProps } from './target-props.ts'

interface DatabaseSetupProps extends Encrypted {
  readonly targets: readonly TargetProps[]
  readonly artefacts: string
  readonly logRetention: logs.RetentionDays
  readonly network: FunctionNetwork
  readonly options: FunctionOptions
  /** The functions' ways out, which have to be there before one is called, and until it was called for the last time. */
  readonly waysOut: readonly IConstruct[]
}

/** The function's own timeout and a reserve; without it a deploy waits for an hour. */
const longest = Duration.seconds(setupFunction.timeoutSeconds + 60)
const rolesFile = new URL('../../docs/database-roles.sql', import.meta.url)

/** Lambda takes 4 kB of environment; names take the rest. */
const longestAuthorities = 3_000

/**
 * Is the roles of each target that has an administrator's secret, made at deploy, and again when the target or the SQL has changed. Each
 * target has a function of its own, which alone may read that secret, and has the target in its environment: who could invoke it could
 * not have it show the secret to another host. CloudFormation alone is let invoke it.
 */
export class DatabaseSetup extends Construct {
  constructor(scope: Construct, id: string, { targets, waysOut, ...props }: DatabaseSetupProps) {
    super(scope, id)
    const version = createHash('sha256').update(readFileSync(rolesFile)).digest('hex').slice(0, 12)
    for (const target of targets) {
      const { name, adminSecret } = target
      if (adminSecret === undefined) continue
      refuseLongAuthorities(target)
      const known = { ...propertiesOf(target), adminSecretArn: adminSecret.secretArn }
      const setup = this.#makeFunction(name, known, props)
      const granted = grantSecret(setup, adminSecret)
      const roles = new CustomResource(this, name, {
        serviceToken: setup.functionArn,
        serviceTimeout: longest,
        resourceType: 'Custom::LockstepRoles',
        // what has to change so that the roles are made again; the function reads none of it
        properties: { ...known, version },
      })
      granted.applyBefore(roles)
      roles.node.addDependency(...waysOut, ...serverOf(target))
    }
  }

  #makeFunction(name: string, known: object, props: Omit<DatabaseSetupProps, 'targets' | 'waysOut'>): lambda.Function {
    const setup = new ArtefactFunction(this, `Function-${name}`, {
      ...props,
      name: setupFunction.name,
      environment: { [environment.setupTarget]: Stack.of(this).toJsonString(known) },
    })
    acknowledgeNetwork(setup.resource)
    return setup.resource
  }
}

const grantSecret = (grantee: lambda.Function, secret: secretsmanager.ISecret): iam.Grant => {
  secret.encryptionKey?.grantDecrypt(grantee)
  const resourceArns = [secret.secretArn]
  return iam.Grant.addToPrincipal({ grantee, actions: ['secretsmanager:GetSecretValue'], resourceArns })
}

const refuseLongAuthorities = ({ name, authorities = '' }: TargetProps): void => {
  if (authorities.length <= longestAuthorities) return
  throw new Error(
    `the authorities of ${name} have ${authorities.length} characters, and the function that makes its roles holds ${longestAuthorities}; ` +
      'name only the one that signs the server, or run docs/database-roles.sql yourself and leave adminSecret away',
  )
}

/** A cluster's endpoint has its name before any instance answers there; rules are resources of the groups. */
const serverOf = ({ server }: TargetProps): readonly IConstruct[] =>
  server === undefined ? [] : [server, ...server.connections.securityGroups]

const propertiesOf = (target: TargetProps) => ({
  target: target.name,
  host: target.host,
  port: target.port ?? 5432,
  database: target.database,
  applicationRole: target.applicationRole,
  loginRole: target.user,
  ownerRole: target.ownerRole ?? `${target.user}_owner`,
  loginBy: target.secret === undefined ? 'iam' : 'password',
  ...(target.authorities !== undefined && { authorities: target.authorities }),
})

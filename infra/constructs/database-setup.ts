import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { CustomResource, Duration } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import type * as logs from 'aws-cdk-lib/aws-logs'
import { Construct, type IConstruct } from 'constructs'
import { setupFunction } from '../../functions/edge/resources.ts'
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
  /** The function's ways out, which have to be there before it is called, and until it was called for the last time. */
  readonly waysOut: readonly IConstruct[]
}

/** The function's own timeout and a reserve; without it a deploy waits for an hour. */
const longest = Duration.seconds(setupFunction.timeoutSeconds + 60)
const rolesFile = new URL('../../docs/database-roles.sql', import.meta.url)

/**
 * Is the roles of each target that has an administrator's secret, made at deploy, and again when the target or the SQL has changed. Its
 * function is called by CloudFormation alone, and it alone may read those secrets.
 */
export class DatabaseSetup extends Construct {
  constructor(scope: Construct, id: string, { targets, waysOut, ...props }: DatabaseSetupProps) {
    super(scope, id)
    const { name } = setupFunction
    const setup = new ArtefactFunction(this, 'Function', { ...props, name, environment: {} })
    acknowledgeNetwork(setup.resource)
    const version = createHash('sha256').update(readFileSync(rolesFile)).digest('hex').slice(0, 12)
    for (const target of targets) {
      const { adminSecret } = target
      if (adminSecret === undefined) continue
      const resourceArns = [adminSecret.secretArn]
      const actions = ['secretsmanager:GetSecretValue']
      const granted = iam.Grant.addToPrincipal({ grantee: setup.resource, actions, resourceArns })
      adminSecret.encryptionKey?.grantDecrypt(setup.resource)
      const roles = new CustomResource(this, target.name, {
        serviceToken: setup.resource.functionArn,
        serviceTimeout: longest,
        resourceType: 'Custom::LockstepRoles',
        properties: { ...propertiesOf(target), adminSecretArn: adminSecret.secretArn, version },
      })
      granted.applyBefore(roles)
      roles.node.addDependency(...waysOut, ...serverOf(target))
    }
  }
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

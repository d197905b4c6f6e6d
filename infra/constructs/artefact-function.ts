import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import type * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import * as logs from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import type { FunctionName, setupFunction } from '../../functions/edge/resources.ts'
import { acknowledgeTraces } from './acknowledgements.ts'
import type { Encrypted } from './encryption.ts'
import { type FunctionOptions, limitsOf } from './function-options.ts'

/** Where a function sits that may speak to PostgreSQL. */
export interface FunctionNetwork {
  readonly vpc: ec2.IVpc
  readonly vpcSubnets: ec2.SubnetSelection
  readonly securityGroups: ec2.ISecurityGroup[]
}

/** Where `npm run build` puts the functions. */
export const builtFunctions = fileURLToPath(new URL('../../dist/functions', import.meta.url))

export interface ArtefactFunctionProps extends Encrypted {
  readonly name: FunctionName | typeof setupFunction.name
  /** The folder with one built artefact a function: `<name>/index.mjs`. */
  readonly artefacts: string
  /** Values by the names in `edge/resources.ts`. */
  readonly environment: Readonly<Record<string, string>>
  readonly logRetention: logs.RetentionDays
  /** Used by the one function that has the database. */
  readonly network: FunctionNetwork
  readonly options: FunctionOptions
}

/** Is one of the functions: its built artefact, its log, and a role that may write to that log, send traces, and do nothing else yet. */
export class ArtefactFunction extends Construct {
  readonly resource: lambda.Function

  constructor(scope: Construct, id: string, props: ArtefactFunctionProps) {
    super(scope, id)
    const { encryptionKey, options } = props
    const { timeoutSeconds, memoryMiB, reservedConcurrency, database } = limitsOf(props.name, options)
    const tracing = options.tracing ?? lambda.Tracing.ACTIVE
    const role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') })
    if (database) role.addManagedPolicy(networkInterfaces)
    const logGroup = new logs.LogGroup(this, 'Log', {
      retention: props.logRetention,
      ...(encryptionKey && { encryptionKey }),
      removalPolicy: RemovalPolicy.DESTROY,
    })
    logGroup.grantWrite(role)
    this.resource = new lambda.Function(this, 'Default', {
      description: `Lockstep: ${props.name}`,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      handler: 'index.handler',
      code: lambda.Code.fromAsset(artefactOf(props)),
      timeout: Duration.seconds(timeoutSeconds),
      memorySize: memoryMiB,
      ...(reservedConcurrency !== undefined && { reservedConcurrentExecutions: reservedConcurrency }),
      environment: { ...nodeOptions, ...props.environment },
      ...(encryptionKey && { environmentEncryption: encryptionKey }),
      role,
      logGroup,
      loggingFormat: lambda.LoggingFormat.JSON,
      tracing,
      ...(database && props.network),
    })
    if (tracing !== lambda.Tracing.DISABLED) acknowledgeTraces(this.resource)
    if (database) this.#keepInterfacesLambdas(role)
  }

  /**
   * Denies the code what Lambda does with its role: a call from the function's environment carries the function's name, and one of
   * Lambda's own does not. It is a policy of its own, since it names the function, which waits for the role's other one.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
   */
  #keepInterfacesLambdas(role: iam.IRole): void {
    const statement = new iam.PolicyStatement({
      effect: iam.Effect.DENY,
      actions: interfaceActions,
      resources: ['*'],
      conditions: { ArnEquals: { 'lambda:SourceFunctionArn': this.resource.functionArn } },
    })
    new iam.Policy(this, 'OwnCalls', { roles: [role], statements: [statement] })
  }
}

const nodeOptions = { NODE_OPTIONS: '--enable-source-maps' }

/**
 * The VPC needs `ec2:*NetworkInterface*` and `ec2:DescribeSubnets` on every resource, since interfaces have no names beforehand.
 * AWS keeps this policy up to what Lambda asks for; the narrower AWSLambdaENIManagementAccess lacks `ec2:DescribeSubnets`.
 */
const networkInterfaces = iam.ManagedPolicy.fromAwsManagedPolicyName('service-role/AWSLambdaVPCAccessExecutionRole')

/** What that policy allows of EC2. */
const interfaceActions = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
]

const artefactOf = ({ artefacts, name }: ArtefactFunctionProps): string => {
  const folder = join(artefacts, name)
  if (existsSync(join(folder, 'index.mjs'))) return folder
  throw new Error(`the ${name} function was not built: ${folder}/index.mjs is missing; run \`npm run build\``)
}

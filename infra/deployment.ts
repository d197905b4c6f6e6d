import type { Node } from 'constructs'
import * as z from 'zod'
import { remedy } from './context.ts'

/** The context keys of this app, each with what it wants; `docs/aws.md` explains them. */
export const contextKeys = {
  'lockstep:vpcId': 'the VPC from which the databases can be reached, for example vpc-0a1b2c',
  'lockstep:subnetIds': "the runner's subnets, as a list or separated by commas",
  'lockstep:securityGroupIds': "the runner's security groups, as a list or separated by commas",
  'lockstep:targets':
    'the databases, as a list (or its JSON) of { name, host, port?, database, user, applicationRole, secretArn?, adminSecretArn?, ownerRole?, resourceId?, authorities?, searchPath?, lockTimeoutMs?, statementTimeoutMs?, outOfOrder?, requireManifest?, requireCertificate?, keepBytes?, keepRows?, signers?, after? }',
} as const

/** Wanted only together with `lockstep:addGatewayEndpoints`. */
const routeTablesKey = 'lockstep:routeTableIds'
const addEndpointsKey = 'lockstep:addGatewayEndpoints'
const addSecretsEndpointKey = 'lockstep:addSecretsEndpoint'
const artefactsKey = 'lockstep:artefacts'

/** All keys that are read here. */
export const deploymentKeys: readonly string[] = [
  ...Object.keys(contextKeys),
  addEndpointsKey,
  addSecretsEndpointKey,
  routeTablesKey,
  artefactsKey,
]

const flag = z.union(
  [z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')],
  'expected true or false',
)
/** Names what is no id before AWS does, which is in the middle of a deploy. */
const idOf = (kind: 'vpc' | 'subnet' | 'sg' | 'rtb') =>
  z.string().regex(new RegExp(`^${kind}-[0-9a-z]+$`), `expected an id, ${kind}-…`)

/** `-c key=value` gives text where `cdk.json` gives a list. */
const ids = (kind: Parameters<typeof idOf>[0]) =>
  z.preprocess(
    (value) => (typeof value === 'string' ? value.split(',').map((name) => name.trim()) : value),
    z.array(idOf(kind)).min(1),
  )

const target = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  host: z.string().min(1),
  port: z.number().int().min(1).max(65_535).default(5432),
  database: z.string().min(1),
  user: z.string().min(1),
  applicationRole: z.string().min(1),
  secretArn: z.string().startsWith('arn:').exactOptional(),
  adminSecretArn: z.string().startsWith('arn:').exactOptional(),
  ownerRole: z.string().min(1).exactOptional(),
  resourceId: z
    .string()
    .regex(/^(?:db|cluster)-[A-Z0-9]+$/)
    .exactOptional(),
  authorities: z.string().startsWith('-----BEGIN CERTIFICATE-----').exactOptional(),
  searchPath: z.string().min(1).exactOptional(),
  lockTimeoutMs: z.number().int().nonnegative().exactOptional(),
  statementTimeoutMs: z.number().int().nonnegative().exactOptional(),
  outOfOrder: z.enum(['apply', 'refuse']).exactOptional(),
  requireManifest: z.boolean().exactOptional(),
  requireCertificate: z.boolean().default(false),
  keepBytes: z.number().int().positive().exactOptional(),
  keepRows: z.number().int().positive().exactOptional(),
  signers: z.array(z.strictObject({ id: z.string().min(1), publicKey: z.string().min(1) })).default([]),
  after: z.string().min(1).exactOptional(),
})
const targets = z.preprocess(parseJson, z.array(target, 'expected a list, or its JSON').min(1))

const deployment = z.object({
  'lockstep:vpcId': idOf('vpc'),
  'lockstep:subnetIds': ids('subnet'),
  'lockstep:securityGroupIds': ids('sg'),
  'lockstep:targets': targets,
  [addEndpointsKey]: flag.default(false),
  [addSecretsEndpointKey]: flag.default(false),
  [routeTablesKey]: ids('rtb').optional(),
  [artefactsKey]: z.string().optional(),
})

/** What an operator decides about a deployment, in the app's context. */
export interface Deployment {
  readonly vpcId: string
  readonly subnetIds: readonly string[]
  readonly securityGroupIds: readonly string[]
  readonly targets: readonly z.output<typeof target>[]
  /** The route tables that get gateway endpoints of S3 and DynamoDB, one a subnet; none where the VPC has them already. */
  readonly endpointRouteTableIds: readonly string[]
  /** Whether the runner's subnets get an interface endpoint of Secrets Manager. */
  readonly addSecretsEndpoint: boolean
  /** The folder with the built functions; `dist/functions` unless they were built elsewhere. */
  readonly artefacts?: string
}

/**
 * Reads the deployment from the app's context.
 *
 * @throws Error that names every missing key and what it wants, or what is wrong with each value
 */
export function readDeployment(node: Node): Deployment {
  const missing = Object.entries(contextKeys).filter(([key]) => isAbsent(node.tryGetContext(key)))
  if (missing.length > 0) {
    throw new Error(
      `context is missing:\n${missing.map(([key, wanted]) => `  ${key}: ${wanted}`).join('\n')}\n${remedy}`,
    )
  }
  const parsed = deployment.safeParse(Object.fromEntries(deploymentKeys.map((key) => [key, node.tryGetContext(key)])))
  if (!parsed.success) throw new Error(`context is wrong:\n${z.prettifyError(parsed.error)}\n${remedy}`)
  const artefacts = parsed.data[artefactsKey]
  return {
    vpcId: parsed.data['lockstep:vpcId'],
    subnetIds: parsed.data['lockstep:subnetIds'],
    securityGroupIds: parsed.data['lockstep:securityGroupIds'],
    targets: parsed.data['lockstep:targets'],
    endpointRouteTableIds: endpointRouteTables(parsed.data),
    addSecretsEndpoint: parsed.data[addSecretsEndpointKey],
    ...(artefacts !== undefined && { artefacts }),
  }
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null || value === ''

const endpointRouteTables = (parsed: z.output<typeof deployment>): readonly string[] => {
  if (!parsed[addEndpointsKey]) {
    if (parsed[routeTablesKey] === undefined) return []
    throw new Error(
      `context is wrong:\n  ${routeTablesKey} is wanted only with ${addEndpointsKey}, which is not true\n${remedy}`,
    )
  }
  const tables = parsed[routeTablesKey] ?? []
  const subnets = parsed['lockstep:subnetIds'].length
  if (tables.length === subnets) return tables
  throw new Error(
    `context is wrong:\n  ${addEndpointsKey} wants ${routeTablesKey}, one for each of the ${subnets} subnets; got ${tables.length}\n${remedy}`,
  )
}

/** Leaves what is no JSON to the schema, which says what it expected. */
function parseJson(value: unknown): unknown {
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

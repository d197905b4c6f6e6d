import { Stack } from 'aws-cdk-lib'
import * as rds from 'aws-cdk-lib/aws-rds'
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager'
import { isRdsProxy } from '../../functions/domain/rds-host.ts'
import type { TargetProps } from './target-props.ts'

/** What a target has to say where its database is a construct. */
export interface DatabaseTargetProps extends Omit<TargetProps, 'host' | 'port' | 'resourceId' | 'server'> {
  /**
   * Has the roles made at deploy, with the administrator's secret that the construct knows.
   *
   * @default false: `adminSecret`, or somebody runs `docs/database-roles.sql`
   */
  readonly makeRoles?: boolean
}

/**
 * Makes a target of a PostgreSQL instance of RDS: endpoint, resource id and security groups are the construct's.
 *
 * @throws Error for what can't be migrated: an RDS Proxy, a replica, another engine, or no IAM authentication where there is no secret
 */
export const fromInstance = (instance: rds.IDatabaseInstance, props: DatabaseTargetProps): TargetProps => {
  refuseProxy(instance, props)
  if (instance instanceof rds.DatabaseInstanceReadReplica) {
    throw new Error(`${props.name} is a read replica, expected the instance that it replicates`)
  }
  refuseOthers(instance, props)
  const { hostname, port } = instance.instanceEndpoint
  return targetOf(instance, { host: hostname, port, resourceId: instance.instanceResourceId }, props)
}

/**
 * Makes a target of a PostgreSQL cluster of Aurora, or of RDS, by its writer's endpoint; resource id and security groups are the construct's.
 *
 * @throws Error as {@link fromInstance}
 */
export const fromCluster = (cluster: rds.IDatabaseCluster, props: DatabaseTargetProps): TargetProps => {
  refuseProxy(cluster, props)
  refuseOthers(cluster, props)
  const { hostname, port } = cluster.clusterEndpoint
  return targetOf(cluster, { host: hostname, port, resourceId: knownResourceId(cluster) }, props)
}

/**
 * Refuses a target whose host is an RDS Proxy, as the runner would.
 *
 * @throws Error that says why
 */
export const refuseProxyHost = ({ name, host }: TargetProps): void => {
  if (isRdsProxy(host)) throw proxyRefused(name)
}

type Server = rds.IDatabaseInstance | rds.IDatabaseCluster

interface Endpoint extends Pick<TargetProps, 'host' | 'port'> {
  readonly resourceId: string | undefined
}

const targetOf = (server: Server, endpoint: Endpoint, { makeRoles = false, ...props }: DatabaseTargetProps) => {
  const { resourceId, ...address } = endpoint
  return {
    ...props,
    ...address,
    server,
    ...(resourceId !== undefined && { resourceId }),
    ...(makeRoles && { adminSecret: props.adminSecret ?? administratorOf(server, props.name) }),
  }
}

/** The compiler refuses one already; JavaScript and casts get here. */
const refuseProxy = (server: Server, { name }: DatabaseTargetProps): void => {
  if ('dbProxyArn' in server) throw proxyRefused(name)
}

const proxyRefused = (name: string): Error =>
  new Error(
    `${name} is reached by RDS Proxy, expected its instance or cluster: the runner's lock is a session's, and a proxy hands sessions to others`,
  )

const refuseOthers = (server: Server, { name, secret }: DatabaseTargetProps): void => {
  const family = server.engine?.engineFamily
  if (family !== undefined && family !== 'POSTGRESQL') {
    throw new Error(`${name} has the engine ${server.engine?.engineType}, expected PostgreSQL`)
  }
  if (secret === undefined && isKnownWithoutIam(server)) {
    throw new Error(
      `${name} has no IAM authentication, expected \`iamAuthentication: true\` or a secret of the login role`,
    )
  }
}

/** Of an imported one it is not known. */
const isKnownWithoutIam = (server: Server): boolean => {
  const made = server.node.defaultChild
  if (!(made instanceof rds.CfnDBInstance || made instanceof rds.CfnDBCluster)) return false
  return Stack.of(server).resolve(made.enableIamDatabaseAuthentication) !== true
}

const administratorOf = (server: Server & { readonly secret?: secretsmanager.ISecret }, name: string) => {
  if (server.secret !== undefined) return server.secret
  throw new Error(`${name} knows no secret of its administrator, expected \`adminSecret\` with \`makeRoles\``)
}

/** An imported cluster that was not told its resource id throws when it is asked. */
const knownResourceId = (cluster: rds.IDatabaseCluster): string | undefined => {
  try {
    return cluster.clusterResourceIdentifier
  } catch {
    return undefined
  }
}

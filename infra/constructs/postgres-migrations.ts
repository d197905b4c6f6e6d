import { Duration, Stack } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as events from 'aws-cdk-lib/aws-events'
import type * as iam from 'aws-cdk-lib/aws-iam'
import * as logs from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { acknowledgeRights } from './acknowledgements.ts'
import { builtFunctions, type FunctionNetwork } from './artefact-function.ts'
import { AuditTable } from './audit-table.ts'
import { BundleBucket } from './bundle-bucket.ts'
import { BundleQueue } from './bundle-queue.ts'
import { ControlTable } from './control-table.ts'
import { grantLogins, openLogins } from './database-access.ts'
import { DatabaseSetup } from './database-setup.ts'
import { refuseProxyHost } from './database-targets.ts'
import { limitsOf, refuseWrongOptions } from './function-options.ts'
import { grantFunctions } from './function-rights.ts'
import { GatewayEndpoints } from './gateway-endpoints.ts'
import { letServicesUse } from './key-policy.ts'
import { makeFunctions } from './migrations-functions.ts'
import type { Functions, MigrationsParts } from './migrations-parts.ts'
import type { EventBus, PostgresMigrationsProps } from './migrations-props.ts'
import { RecordsBucket } from './records-bucket.ts'
import { makeRunnerNetwork } from './runner-network.ts'
import { SecretsEndpoint } from './secrets-endpoint.ts'
import { SettingsCommands } from './settings-commands.ts'
import { grantAlias, makeAliases } from './target-aliases.ts'
import { addWatching, type Watching } from './watching.ts'

/** Is everything that migrates the given databases: buckets, queue, tables and functions, wired with the least rights. */
export class PostgresMigrations extends Construct implements ec2.IConnectable, MigrationsParts {
  readonly bundles: BundleBucket
  readonly records: RecordsBucket
  readonly queue: BundleQueue
  readonly control: ControlTable
  readonly audit: AuditTable
  readonly eventBus: EventBus
  readonly functions: Functions
  readonly settings: SettingsCommands
  readonly watching: Watching
  /** The runner's, for what else it should reach or be let in by. */
  readonly connections: ec2.Connections
  readonly #network: FunctionNetwork
  readonly #targets: readonly string[]

  constructor(scope: Construct, id: string, props: PostgresMigrationsProps) {
    super(scope, id)
    for (const target of props.targets) refuseProxyHost(target)
    refuseWrongOptions(props)
    this.#targets = props.targets.map((target) => target.name)
    this.#network = makeRunnerNetwork(this, props)
    this.connections = new ec2.Connections({ securityGroups: this.#network.securityGroups })
    const { encryptionKey } = props
    if (encryptionKey !== undefined) letServicesUse(this, encryptionKey, ['s3', 'logs'])
    this.control = new ControlTable(this, 'ControlTable', { encryptionKey })
    this.audit = new AuditTable(this, 'AuditTable', { encryptionKey })
    this.queue = new BundleQueue(this, 'BundleQueue', {
      encryptionKey,
      frontTimeoutSeconds: limitsOf('apply', props).timeoutSeconds,
    })
    this.bundles = new BundleBucket(this, 'BundleBucket', {
      encryptionKey,
      queue: this.queue,
      refuseOverwrites: props.refuseOverwrites ?? false,
    })
    this.records = new RecordsBucket(this, 'RecordsBucket', {
      encryptionKey,
      retention: props.recordsRetention ?? Duration.days(365),
      mode: props.recordsMode ?? 'governance',
    })
    this.eventBus = props.eventBus ?? new events.EventBus(this, 'EventBus')
    this.functions = makeFunctions(this, this, this.#common(props))
    this.settings = new SettingsCommands(this, 'Settings', {
      tableName: this.control.table.tableName,
      targets: props.targets,
    })
    const waysOut = [...this.#network.securityGroups, ...this.#makeEndpoints(props)]
    if (props.targets.some(({ adminSecret }) => adminSecret !== undefined)) {
      new DatabaseSetup(this, 'DatabaseSetup', { ...this.#common(props), targets: props.targets, waysOut })
    }
    makeAliases(this, this.functions, this.#targets)
    grantFunctions(this, props.maxConcurrency ?? 10)
    grantLogins(this.functions.runner, props.targets, Stack.of(this))
    acknowledgeRights({
      ...this.functions,
      bundles: this.bundles.bucket,
      records: this.records.bucket,
      logins: openLogins(props.targets),
    })
    const options = { ...(encryptionKey && { alarmKey: encryptionKey }), ...props }
    this.watching = addWatching(this, options, this.#targets)
  }

  /**
   * Lets a pipeline put bundles for one target, and ask how its runs went.
   *
   * @throws Error for a target that was not declared; so do the other grants
   */
  grantPush(grantee: iam.IGrantable, target: string): iam.Grant {
    const status = this.grantStatus(grantee, target)
    return this.bundles.grantPush(grantee, target).combine(status)
  }

  /** Lets somebody ask for the state of one target and its runs; it shows no credentials and changes nothing. */
  grantStatus(grantee: iam.IGrantable, target: string): iam.Grant {
    return this.#grantAlias(grantee, 'status', target)
  }

  /**
   * Lets an operator take leases away, freeze and thaw one target, accept a database and reconcile the ledger. It is break-glass:
   * give it to few, and watch for `lockstep.lock.*` events.
   */
  grantUnlock(grantee: iam.IGrantable, target: string): iam.Grant {
    return this.#grantAlias(grantee, 'unlock', target).combine(this.grantStatus(grantee, target))
  }

  /**
   * Lets an operator see what a rollback of one target would do and cost, confirm it, and release what was rolled back. It loses
   * data: give it to few.
   */
  grantRollback(grantee: iam.IGrantable, target: string): iam.Grant {
    return this.#grantAlias(grantee, 'rollback', target).combine(this.grantStatus(grantee, target))
  }

  #grantAlias(grantee: iam.IGrantable, front: 'status' | 'rollback' | 'unlock', target: string): iam.Grant {
    if (this.#targets.includes(target)) return grantAlias(grantee, this.functions, { front, target })
    throw new Error(`no target is named "${target}", declared are: ${this.#targets.join(', ')}`)
  }

  #makeEndpoints(props: PostgresMigrationsProps): readonly Construct[] {
    const { vpc, vpcSubnets, securityGroups } = this.#network
    const subnets = props.secretsEndpointSubnets ?? vpcSubnets
    return [
      ...(props.addGatewayEndpoints === true ? [new GatewayEndpoints(this, 'GatewayEndpoints', props)] : []),
      ...(props.addSecretsEndpoint === true
        ? [new SecretsEndpoint(this, 'SecretsEndpoint', { vpc, vpcSubnets: subnets, securityGroups })]
        : []),
    ]
  }

  /** What all functions have in common. */
  #common(options: PostgresMigrationsProps) {
    const { encryptionKey, artefacts = builtFunctions, logRetention = logs.RetentionDays.THREE_MONTHS } = options
    return { artefacts, encryptionKey, logRetention, network: this.#network, options }
  }
}

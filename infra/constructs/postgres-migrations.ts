import { Duration, Stack } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as events from 'aws-cdk-lib/aws-events'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import * as logs from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { environment, type FunctionName } from '../../functions/edge/resources.ts'
import { acknowledgeRights } from './acknowledgements.ts'
import { ArtefactFunction, builtFunctions, type FunctionNetwork } from './artefact-function.ts'
import { AuditTable } from './audit-table.ts'
import { BundleBucket } from './bundle-bucket.ts'
import { BundleQueue } from './bundle-queue.ts'
import { ControlTable } from './control-table.ts'
import { grantLogins, openLogins } from './database-access.ts'
import { DatabaseSetup } from './database-setup.ts'
import { refuseProxyHost } from './database-targets.ts'
import { limitsOf, refuseWrongOptions } from './function-options.ts'
import { GatewayEndpoints } from './gateway-endpoints.ts'
import { letServicesUse } from './key-policy.ts'
import type { EventBus, PostgresMigrationsProps } from './migrations-props.ts'
import { RecordsBucket } from './records-bucket.ts'
import { makeRunnerNetwork } from './runner-network.ts'
import { SecretsEndpoint } from './secrets-endpoint.ts'
import { SettingsCommands } from './settings-commands.ts'
import { addWatching, deploymentOf, type Watching } from './watching.ts'

/** Fronts that people and pipelines invoke, each by the alias of a target. */
const aliasedFronts = ['status', 'rollback', 'unlock'] as const

type AliasedFront = (typeof aliasedFronts)[number]

/** Is everything that migrates the given databases: buckets, queue, tables and functions, wired with the least rights. */
export class PostgresMigrations extends Construct implements ec2.IConnectable {
  readonly bundles: BundleBucket
  readonly records: RecordsBucket
  readonly queue: BundleQueue
  readonly control: ControlTable
  readonly audit: AuditTable
  readonly eventBus: EventBus
  readonly functions: Readonly<Record<FunctionName, lambda.Function>>
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
    this.functions = this.#makeFunctions(props)
    this.settings = new SettingsCommands(this, 'Settings', {
      tableName: this.control.table.tableName,
      targets: props.targets,
    })
    const waysOut = [...this.#network.securityGroups, ...this.#makeEndpoints(props)]
    if (props.targets.some(({ adminSecret }) => adminSecret !== undefined)) {
      new DatabaseSetup(this, 'DatabaseSetup', { ...this.#common(props), targets: props.targets, waysOut })
    }
    this.#makeAliases()
    this.#grantRunner()
    grantLogins(this.functions.runner, props.targets, Stack.of(this))
    this.#grantFronts(props.maxConcurrency ?? 10)
    this.#grantAudit()
    this.#keepRecords()
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

  /** IAM sees no payload: each target is an alias on each front, and the function refuses a payload that names another one. */
  #grantAlias(grantee: iam.IGrantable, front: AliasedFront, target: string): iam.Grant {
    if (!this.#targets.includes(target)) {
      throw new Error(`no target is named "${target}", declared are: ${this.#targets.join(', ')}`)
    }
    const resourceArns = [`${this.functions[front].functionArn}:${target}`]
    return iam.Grant.addToPrincipal({ grantee, actions: ['lambda:InvokeFunction'], resourceArns })
  }

  #makeAliases(): void {
    for (const target of this.#targets) {
      if (/^\d+$/.test(target))
        throw new Error(`"${target}" is no name for an alias, expected a letter or a dash in it`)
      for (const front of aliasedFronts) {
        const { latestVersion } = this.functions[front]
        new lambda.Alias(this, `Alias-${front}-${target}`, { aliasName: target, version: latestVersion })
      }
    }
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

  #makeFunctions(props: PostgresMigrationsProps): Record<FunctionName, lambda.Function> {
    const make = (name: FunctionName, id: string, variables: Readonly<Record<string, string>>) =>
      new ArtefactFunction(this, id, { ...this.#common(props), name, environment: variables }).resource
    const tables = {
      [environment.controlTable]: this.control.table.tableName,
      [environment.auditTable]: this.audit.table.tableName,
    }
    const measured = { [environment.deployment]: deploymentOf(this) }
    const archive = {
      ...measured,
      [environment.recordsBucket]: this.records.bucket.bucketName,
      [environment.eventBus]: this.eventBus.eventBusName,
    }
    const runner = make('runner', 'Runner', { ...tables, ...measured })
    const apply = make('apply', 'Apply', {
      ...tables,
      [environment.bundleBucket]: this.bundles.bucket.bucketName,
      [environment.queueUrl]: this.queue.queue.queueUrl,
      [environment.deadLetterUrl]: this.queue.deadLetters.queueUrl,
      [environment.runnerFunction]: runner.functionName,
    })
    const status = make('status', 'Status', tables)
    const audit = make('audit', 'Audit', archive)
    const toRunner = { [environment.runnerFunction]: runner.functionName }
    const unlock = make('unlock', 'Unlock', toRunner)
    const watch = make('watch', 'Watch', { ...archive, ...tables, ...toRunner })
    const toQueue = { [environment.queueUrl]: this.queue.queue.queueUrl }
    const rollback = make('rollback', 'Rollback', { ...tables, ...toQueue, ...toRunner })
    return { runner, apply, status, unlock, rollback, audit, watch }
  }

  #grantRunner(): void {
    const { runner } = this.functions
    this.bundles.grantRead(runner)
    this.control.grantRun(runner)
    this.audit.grantAppend(runner)
    // to let a chain that was restored go on where the audit table ends
    this.audit.grantRead(runner)
  }

  #grantFronts(maxConcurrency: number): void {
    const { apply, status, unlock, rollback, runner } = this.functions
    this.control.grantFront(apply)
    this.audit.grantAppend(apply)
    this.#grantInvoke(apply, runner)
    this.#grantInvoke(unlock, runner)
    this.control.grantFront(rollback)
    this.queue.grantSend(rollback)
    this.#grantInvoke(rollback, runner)
    this.queue.deliverTo(apply, maxConcurrency)
    this.control.grantRead(status)
    this.audit.grantRead(status)
  }

  #grantAudit(): void {
    const { audit } = this.functions
    this.records.grantArchive(audit)
    const resourceArns = [this.eventBus.eventBusArn]
    iam.Grant.addToPrincipal({ grantee: audit, actions: ['events:PutEvents'], resourceArns })
    this.audit.streamTo(audit)
  }

  /** What was recorded stays as it is, whatever a function is granted one day. */
  #keepRecords(): void {
    for (const each of Object.values(this.functions)) {
      this.audit.denyChanges(each)
      this.records.denyChanges(each)
    }
  }

  /** Grants the function itself; CDK's own method would grant `:*`, all versions and aliases, with it. */
  #grantInvoke(grantee: iam.IGrantable, callee: lambda.Function): iam.Grant {
    const actions = ['lambda:InvokeFunction']
    return iam.Grant.addToPrincipal({ grantee, actions, resourceArns: [callee.functionArn] })
  }
}

import { RemovalPolicy } from 'aws-cdk-lib'
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb'
import * as iam from 'aws-cdk-lib/aws-iam'
import type * as kms from 'aws-cdk-lib/aws-kms'
import { Construct } from 'constructs'
import { controlTable, settingsKeys } from '../../functions/edge/resources.ts'
import { type Encrypted, grantKey } from './encryption.ts'
import { keySchema } from './table-keys.ts'

const settingsWrites = ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem']

/** Is the table of lock, runs, ledger, chain and settings; it outlives the stack. */
export class ControlTable extends Construct {
  readonly table: dynamodb.Table
  readonly #localIndex: string
  readonly #key: kms.IKey | undefined

  constructor(scope: Construct, id: string, { encryptionKey }: Encrypted) {
    super(scope, id)
    this.#key = encryptionKey
    const index = controlTable.localIndex
    if (index === undefined) throw new Error('the control table has no local index, expected one that lists runs')
    this.#localIndex = index.name
    this.table = new dynamodb.Table(this, 'Default', {
      ...keySchema(controlTable),
      ...(encryptionKey && { encryptionKey }),
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    })
    this.table.addLocalSecondaryIndex({
      indexName: index.name,
      sortKey: { name: index.sortKey, type: dynamodb.AttributeType.STRING },
      projectionType: dynamodb.ProjectionType[index.projection],
    })
  }

  /**
   * Grants what the runner does: read the target's items; update lock, run and chain, and put ledger entries; never settings.
   *
   * TransactWriteItems has no action of its own: each of its parts needs the action of the plain call.
   */
  grantRun(grantee: iam.IGrantable): void {
    this.#allow(grantee, ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem'])
    this.#allowListing(grantee)
    this.#denySettingsWrites(grantee)
  }

  /** Grants what a front does: make runs and count their starts, and end one that never got a lease; never settings. */
  grantFront(grantee: iam.IGrantable): void {
    this.#allow(grantee, ['dynamodb:GetItem', 'dynamodb:UpdateItem'])
    this.#denySettingsWrites(grantee)
  }

  /** Grants a look at lock, chain and runs. */
  grantLook(grantee: iam.IGrantable): void {
    this.#allow(grantee, ['dynamodb:GetItem'])
  }

  /** Grants reading of everything that status shows; the newest runs come from the local index. */
  grantRead(grantee: iam.IGrantable): void {
    this.#allow(grantee, ['dynamodb:GetItem', 'dynamodb:Query'])
    this.#allowListing(grantee)
  }

  /** The newest runs come from the local index. */
  #allowListing(grantee: iam.IGrantable): void {
    const index = `${this.table.tableArn}/index/${this.#localIndex}`
    iam.Grant.addToPrincipal({ grantee, actions: ['dynamodb:Query'], resourceArns: [index] })
  }

  #allow(grantee: iam.IGrantable, actions: string[]): void {
    iam.Grant.addToPrincipal({ grantee, actions, resourceArns: [this.table.tableArn] })
    grantKey(this.#key, grantee, 'use-table')
  }

  /** A function that could write settings could point a target at another database. */
  #denySettingsWrites(grantee: iam.IGrantable): void {
    grantee.grantPrincipal.addToPrincipalPolicy(
      new iam.PolicyStatement({
        effect: iam.Effect.DENY,
        actions: settingsWrites,
        resources: [this.table.tableArn],
        conditions: { 'ForAnyValue:StringLike': { 'dynamodb:LeadingKeys': `${settingsKeys.prefix}*` } },
      }),
    )
  }
}

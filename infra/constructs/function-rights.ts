import * as iam from 'aws-cdk-lib/aws-iam'
import type * as lambda from 'aws-cdk-lib/aws-lambda'
import type { MigrationsParts } from './migrations-parts.ts'

/** Grants each function what it does, and nothing else; `maxConcurrency` bounds the deliveries to the apply function. */
export function grantFunctions(parts: MigrationsParts, maxConcurrency: number): void {
  grantRunner(parts)
  grantFronts(parts)
  parts.queue.deliverTo(parts.functions.apply, maxConcurrency)
  grantAudit(parts)
  grantWatch(parts)
  keepRecords(parts)
}

const grantRunner = ({ functions: { runner }, bundles, control, audit }: MigrationsParts): void => {
  bundles.grantRead(runner)
  control.grantRun(runner)
  audit.grantAppend(runner)
  // to let a chain that was restored go on where the audit table ends
  audit.grantRead(runner)
}

const grantFronts = ({ functions, control, audit, queue }: MigrationsParts): void => {
  const { apply, status, unlock, rollback, runner } = functions
  control.grantFront(apply)
  audit.grantAppend(apply)
  grantInvoke(apply, runner)
  grantInvoke(unlock, runner)
  control.grantFront(rollback)
  queue.grantSend(rollback)
  grantInvoke(rollback, runner)
  control.grantRead(status)
  audit.grantRead(status)
}

const grantAudit = ({ functions, records, eventBus, audit }: MigrationsParts): void => {
  records.grantArchive(functions.audit)
  grantPublish(functions.audit, eventBus.eventBusArn)
  audit.streamTo(functions.audit)
}

/** It reads locks and events, copies events that the bucket lacks, and asks the runner to reconcile. */
const grantWatch = ({ functions: { watch, runner }, control, audit, records, eventBus }: MigrationsParts): void => {
  control.grantLook(watch)
  audit.grantRead(watch)
  records.grantArchive(watch)
  records.grantList(watch)
  grantPublish(watch, eventBus.eventBusArn)
  grantInvoke(watch, runner)
}

/** What was recorded stays as it is, whatever a function is granted one day. */
const keepRecords = ({ functions, audit, records }: MigrationsParts): void => {
  for (const each of Object.values(functions)) {
    audit.denyChanges(each)
    records.denyChanges(each)
  }
}

/** Grants the function itself; CDK's own method would grant `:*`, all versions and aliases, with it. */
const grantInvoke = (grantee: iam.IGrantable, { functionArn }: lambda.Function): iam.Grant =>
  iam.Grant.addToPrincipal({ grantee, actions: ['lambda:InvokeFunction'], resourceArns: [functionArn] })

const grantPublish = (grantee: iam.IGrantable, eventBusArn: string): iam.Grant =>
  iam.Grant.addToPrincipal({ grantee, actions: ['events:PutEvents'], resourceArns: [eventBusArn] })

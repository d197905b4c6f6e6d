import type { Construct } from 'constructs'
import { environment, type FunctionName } from '../../functions/edge/resources.ts'
import { ArtefactFunction, type ArtefactFunctionProps } from './artefact-function.ts'
import type { Functions, Stores } from './migrations-parts.ts'
import { deploymentOf } from './watching.ts'

/** What all functions have in common. */
export type FunctionBasis = Omit<ArtefactFunctionProps, 'name' | 'environment'>

/** Makes the functions, each knowing by its environment what it works on; they have no rights to it yet. */
export function makeFunctions(scope: Construct, stores: Stores, basis: FunctionBasis): Functions {
  const make = (name: FunctionName, id: string, variables: Readonly<Record<string, string>>) =>
    new ArtefactFunction(scope, id, { ...basis, name, environment: variables }).resource
  const { control, audit: auditTable, bundles, records, queue, eventBus } = stores
  const tables = {
    [environment.controlTable]: control.table.tableName,
    [environment.auditTable]: auditTable.table.tableName,
  }
  const measured = { [environment.deployment]: deploymentOf(scope) }
  const archive = {
    ...measured,
    [environment.recordsBucket]: records.bucket.bucketName,
    [environment.eventBus]: eventBus.eventBusName,
  }
  const toQueue = { [environment.queueUrl]: queue.queue.queueUrl }
  const runner = make('runner', 'Runner', { ...tables, ...measured })
  const toRunner = { [environment.runnerFunction]: runner.functionName }
  const apply = make('apply', 'Apply', {
    ...tables,
    ...toQueue,
    ...toRunner,
    [environment.bundleBucket]: bundles.bucket.bucketName,
    [environment.deadLetterUrl]: queue.deadLetters.queueUrl,
  })
  const status = make('status', 'Status', tables)
  const audit = make('audit', 'Audit', archive)
  const unlock = make('unlock', 'Unlock', toRunner)
  const watch = make('watch', 'Watch', { ...archive, ...tables, ...toRunner })
  const rollback = make('rollback', 'Rollback', { ...tables, ...toQueue, ...toRunner })
  return { runner, apply, status, unlock, rollback, audit, watch }
}

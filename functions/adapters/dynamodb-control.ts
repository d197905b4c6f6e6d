import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { TargetSettings } from '../domain/settings.ts'
import type { ControlStore } from '../engine/control-store.ts'
import type { Clock, Random } from '../engine/system.ts'
import type { ControlTables } from './dynamodb-chain.ts'
import { leaseClaims, readLock } from './dynamodb-claims.ts'
import { doneKey } from './dynamodb-items.ts'
import { heldLeases } from './dynamodb-leases.ts'
import { ledgerOperations } from './dynamodb-ledger.ts'
import { operatorActs } from './dynamodb-operator.ts'
import { dynamodbRequests } from './dynamodb-requests.ts'
import { runOperations } from './dynamodb-runs.ts'
import { readSettings } from './dynamodb-settings.ts'

export interface ControlStorePorts {
  readonly client: DynamoDBClient
  readonly controlTable: string
  readonly auditTable: string
  /** Parses a SETTINGS item, given as plain data with its target. @throws LockstepError SETTINGS_INVALID */
  readonly parseSettings: (raw: unknown) => TargetSettings
  readonly clock: Pick<Clock, 'now' | 'sleep'>
  readonly random: Pick<Random, 'revision' | 'fraction'>
}

/**
 * Makes the control store on two DynamoDB tables. Every transition is one transaction over LOCK, RUN, CHAIN and its audit events;
 * see `dynamodb-items.ts` for the items and `dynamodb-conditions.ts` for what guards them.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
 */
export function dynamodbControlStore(ports: ControlStorePorts): ControlStore {
  const { controlTable, auditTable, clock, random, parseSettings } = ports
  const tables: ControlTables = { requests: dynamodbRequests(ports), controlTable, auditTable, clock, random }
  return {
    readSettings: (target) => readSettings(tables, target, parseSettings),
    readLock: (target) => readLock(tables, target),
    hasSucceeded: async (target, bundle) =>
      (await tables.requests.get(controlTable, doneKey(target, bundle))) !== undefined,
    ...runOperations(tables),
    ...leaseClaims(tables),
    ...heldLeases(tables),
    ...operatorActs(tables),
    ...ledgerOperations(tables),
  }
}

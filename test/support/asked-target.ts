import { asLockstepError, type LockstepError } from '../../functions/domain/errors.ts'
import type { Receipt } from '../../functions/domain/receipt.ts'
import { type RealTarget, realTarget } from './real-target.ts'
import { commitText, orderOf, verifiedSource } from './step-orders.ts'

/** A database with something to assert about. */
export interface AskedTarget extends RealTarget {
  /** Brings back what there is to ask about, and forgets every migration but the first. */
  refresh(): Promise<void>
  /** Runs a migration, which makes a table unless another is given, with assertions. */
  commit(verify: string, migration?: string): Promise<Receipt>
  /** The error of a migration that must not be committed. */
  failureOf(verify: string, migration?: string): Promise<LockstepError>
  /** How many tables the migration made. */
  madeTables(): Promise<number>
}

const things = `
  create table t (id int, ok boolean);
  insert into t values (1, true), (2, true), (3, false);
  create table bare ();
  insert into bare default values;
  create domain flag as boolean;
  create type shown as (a int, b boolean);
  create function nothing() returns void language sql as '';
  create function boom() returns boolean language plpgsql as $$ begin perform 1 / 0; return true; end $$`

/** Makes a database whose migrations are asserted about. */
export const askedTarget = async (): Promise<AskedTarget> => {
  const target = await realTarget()
  const commit = async (verify: string, migration = 'create table made ()') =>
    await target.session.commitStep(await orderOf(target, verifiedSource(migration, verify)))
  return {
    ...target,
    commit,
    refresh: async () => {
      await target.ask(`
        drop schema public cascade;
        create schema public authorization pg_database_owner;
        truncate lockstep.applied, lockstep.progress`)
      await commitText(target, things, 'first')
    },
    failureOf: async (verify, migration) => {
      const thrown = await commit(verify, migration).then(
        () => new Error('it did not fail'),
        (error) => error,
      )
      return asLockstepError(thrown)
    },
    madeTables: async () => (await target.ask("select from pg_tables where tablename = 'made'")).length,
  }
}

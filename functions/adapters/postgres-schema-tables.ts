import { runnerKey } from './advisory-keys.ts'

/**
 * Tables of schema `lockstep`, version 1. Names sort by bytes wherever Lockstep orders them, so the collation is named.
 *
 * `receipt` says what happened and is append-only; `applied` and `progress` are what follows from it. They have no check constraints,
 * which every step would pay for: only our functions write them.
 */
export const tables = `
  create table lockstep.schema_version (
    version integer primary key,
    made_at timestamptz not null default clock_timestamp()
  );

  create table lockstep.fence (
    target text collate "C" primary key,
    token bigint not null,
    worker text not null,
    run text not null,
    raised_at timestamptz not null
  );

  create table lockstep.receipt (
    token bigint,
    n integer,
    target text collate "C" not null,
    migration text collate "C" not null,
    direction text not null,
    outcome text not null,
    attempt integer not null,
    checksum text not null,
    bundle text not null,
    run text not null,
    worker text not null,
    started_at timestamptz not null,
    finished_at timestamptz not null,
    out_of_order boolean not null,
    failure jsonb,
    way_back jsonb,
    kept jsonb,
    primary key (token, n)
  );

  create table lockstep.applied (
    migration text collate "C" primary key,
    checksum text not null,
    token bigint not null,
    n integer not null,
    at timestamptz not null
  );

  create table lockstep.progress (
    migration text collate "C",
    direction text,
    unit integer,
    sha256 text not null,
    state text not null,
    started_at timestamptz not null,
    primary key (migration, direction, unit)
  );

  comment on schema lockstep is 'Lockstep: what was migrated, and the fence that keeps a stale runner out. Read it, never write it.';`

/**
 * What the other functions stand on.
 *
 * `step` is what a step says of itself, as one object: a new field changes no signature. `holds_lock` asks by letting go once and
 * taking hold again: the session holds its lock twice, so nobody else gets in between, and only a session that lost it can't let go.
 * It costs 3 µs; `pg_locks` costs 150, and more with every connection that the server allows.
 */
export const foundations = `
  create type lockstep.step as (
    target text, token bigint, n integer, head_token bigint, head_n integer, worker text, run text, bundle text,
    migration text, direction text, checksum text, attempt integer, out_of_order boolean, way_back jsonb,
    kept jsonb, unit integer, sha256 text, state text, failure jsonb, elapsed_ms double precision
  );

  create function lockstep.instant(p_at timestamptz) returns text
  language sql stable
  return to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');

  create function lockstep.holds_lock() returns boolean
  language sql
  return case when pg_advisory_unlock(${runnerKey.key}) then pg_try_advisory_lock(${runnerKey.key}) else false end;

  create function lockstep.keep_receipts() returns trigger
  language plpgsql as $$
  begin
    raise exception 'receipts are append-only' using errcode = 'LS002';
  end $$;

  create trigger receipts_are_append_only
  before update or delete or truncate on lockstep.receipt
  for each statement execute function lockstep.keep_receipts();`

/**
 * Functions of schema `lockstep`, version 1: the only way its tables are written. They run as the schema's owner, so that the
 * application role, which migrations run as, has no right on any of it. What they raise is listed in `postgres-errors.ts`.
 */

const asOwner = `language plpgsql security definer set search_path = pg_catalog, pg_temp as $$`

/** Raising waits for every open transaction that asserted the fence. */
const raiseFence = `
  create function lockstep.raise_fence(p_target text, p_token bigint, p_worker text, p_run text, p_first boolean)
  returns jsonb ${asOwner}
  declare
    v_from bigint;
    v_others jsonb;
  begin
    select f.token into v_from from lockstep.fence f where f.target = p_target for no key update;
    if found then
      if v_from >= p_token then
        return jsonb_build_object('kind', 'higher', 'token', v_from);
      end if;
      update lockstep.fence
      set token = p_token, worker = p_worker, run = p_run, raised_at = clock_timestamp()
      where target = p_target;
      return jsonb_build_object('kind', 'raised', 'from', v_from);
    end if;
    select coalesce(jsonb_agg(f.target order by f.target), '[]') into v_others from lockstep.fence f;
    if not p_first or v_others <> '[]' then
      return jsonb_build_object('kind', 'absent', 'others', v_others);
    end if;
    insert into lockstep.fence (target, token, worker, run, raised_at)
    values (p_target, p_token, p_worker, p_run, clock_timestamp());
    return jsonb_build_object('kind', 'raised', 'from', null);
  end $$;`

/** A database has one owner: the fences of the targets that it was copied from, or given away by, go. */
const acceptFence = `
  create function lockstep.accept_fence(p_target text, p_token bigint, p_worker text, p_run text) returns void ${asOwner}
  begin
    delete from lockstep.fence f where f.target <> p_target;
    insert into lockstep.fence as f (target, token, worker, run, raised_at)
    values (p_target, p_token, p_worker, p_run, clock_timestamp())
    on conflict (target) do update
    set token = excluded.token, worker = excluded.worker, run = excluded.run, raised_at = excluded.raised_at
    where f.token < excluded.token;
    if not found then
      raise exception 'the fence of % stands at token % or higher', p_target, p_token using errcode = 'LS001';
    end if;
  end $$;`

/**
 * First in every transaction that changes anything. The row lock (\`for share\`: \`for key share\` would not do) makes the next
 * raise wait for this transaction; the mark, which ends with the transaction, shows afterwards that it is still the same one.
 */
const assertFence = `
  create function lockstep.assert_fence(p_target text, p_token bigint, p_worker text) returns void ${asOwner}
  begin
    perform from lockstep.fence f
    where f.target = p_target and f.token = p_token and f.worker = p_worker
    for share;
    if not found then
      raise exception 'the fence of % does not stand at token % of this worker', p_target, p_token using errcode = 'LS001';
    end if;
    perform set_config('lockstep.step', concat_ws(' ', p_target, p_token, p_worker), true);
    -- a receipt that the ledger copied must survive a crash
    if current_setting('synchronous_commit') = 'off' then
      perform set_config('synchronous_commit', 'on', true);
    end if;
  end $$;`

/** Last in every such transaction: it is the one that asserted the fence, and fence and lock are still ours. */
const assertStep = `
  create function lockstep.assert_step(p_target text, p_token bigint, p_worker text) returns void
  language plpgsql as $$
  begin
    if current_setting('lockstep.step', true) is distinct from concat_ws(' ', p_target, p_token, p_worker) then
      raise exception 'the transaction that asserted the fence was ended' using errcode = 'LS004';
    end if;
    if not exists (
      select from lockstep.fence f where f.target = p_target and f.token = p_token and f.worker = p_worker
    ) then
      raise exception 'the fence was changed in the transaction that it guards' using errcode = 'LS002';
    end if;
    if not lockstep.holds_lock() then
      raise exception 'the session does not hold its advisory lock any more' using errcode = 'LS003';
    end if;
  end $$;`

/** For a statement that runs outside any transaction: nothing can guard it but the lock, so nothing is locked here. */
const assertAlone = `
  create function lockstep.assert_alone(p_target text, p_token bigint, p_worker text) returns void ${asOwner}
  begin
    if not exists (
      select from lockstep.fence f where f.target = p_target and f.token = p_token and f.worker = p_worker
    ) then
      raise exception 'the fence of % does not stand at token % of this worker', p_target, p_token using errcode = 'LS001';
    end if;
    if not lockstep.holds_lock() then
      raise exception 'the session does not hold its advisory lock any more' using errcode = 'LS003';
    end if;
  end $$;`

/** The new receipt must follow the one that the step was planned from. */
const assertHead = `
  create function lockstep.assert_head(p_step lockstep.step) returns void
  language plpgsql as $$
  declare
    v_token bigint;
    v_n integer;
  begin
    select r.token, r.n into v_token, v_n from lockstep.receipt r order by r.token desc, r.n desc limit 1;
    if (v_token, v_n) is distinct from (p_step.head_token, p_step.head_n) then
      raise exception 'the newest receipt is %.%, expected %.%', v_token, v_n, p_step.head_token, p_step.head_n
        using errcode = 'LS005';
    end if;
    if (p_step.token, p_step.n) <= (v_token, v_n) then
      raise exception 'receipt %.% would not follow %.%', p_step.token, p_step.n, v_token, v_n using errcode = 'LS005';
    end if;
  end $$;`

const writeReceipt = `
  create function lockstep.write_receipt(p_step lockstep.step, p_outcome text, p_started timestamptz) returns text
  language plpgsql as $$
  declare
    v_finished timestamptz := clock_timestamp();
  begin
    insert into lockstep.receipt (
      token, n, target, migration, direction, outcome, attempt, checksum, bundle, run, worker,
      started_at, finished_at, out_of_order, failure, way_back, kept
    )
    values (
      p_step.token, p_step.n, p_step.target, p_step.migration, p_step.direction, p_outcome, p_step.attempt,
      p_step.checksum, p_step.bundle, p_step.run, p_step.worker,
      p_started, v_finished, p_step.out_of_order, p_step.failure, p_step.way_back, p_step.kept
    );
    return jsonb_strip_nulls(jsonb_build_object(
      'startedAt', lockstep.instant(p_started), 'finishedAt', lockstep.instant(v_finished), 'kept', p_step.kept
    ));
  end $$;`

const recordReceipt = `
  create function lockstep.record_receipt(p_step jsonb) returns text ${asOwner}
  declare
    v_step lockstep.step := jsonb_populate_record(null::lockstep.step, p_step);
    v_started timestamptz;
  begin
    perform lockstep.assert_step(v_step.target, v_step.token, v_step.worker);
    perform lockstep.assert_head(v_step);
    if v_step.direction = 'up' then
      insert into lockstep.applied (migration, checksum, token, n, at)
      values (v_step.migration, v_step.checksum, v_step.token, v_step.n, clock_timestamp())
      on conflict do nothing;
    else
      delete from lockstep.applied a where a.migration = v_step.migration;
    end if;
    if not found then
      raise exception '% was taken % by another writer', v_step.migration, v_step.direction using errcode = 'LS005';
    end if;
    select min(p.started_at) into v_started
    from lockstep.progress p
    where p.migration = v_step.migration and p.direction = v_step.direction;
    if v_started is not null then
      delete from lockstep.progress p where p.migration = v_step.migration and p.direction = v_step.direction;
    end if;
    return lockstep.write_receipt(v_step, 'committed', coalesce(v_started, now()));
  end $$;`

/** A unit goes from nothing or \`running\` to \`running\` or \`done\`, and nowhere from there. */
const recordProgress = `
  create function lockstep.record_progress(p_step jsonb) returns text ${asOwner}
  declare
    v_step lockstep.step := jsonb_populate_record(null::lockstep.step, p_step);
  begin
    perform lockstep.assert_step(v_step.target, v_step.token, v_step.worker);
    insert into lockstep.progress as p (migration, direction, unit, sha256, state, started_at)
    values (v_step.migration, v_step.direction, v_step.unit, v_step.sha256, v_step.state, now())
    on conflict (migration, direction, unit) do update
    set sha256 = excluded.sha256, state = excluded.state
    where p.state = 'running';
    if not found then
      raise exception 'unit % of % is done already', v_step.unit, v_step.migration using errcode = 'LS005';
    end if;
    return v_step.state;
  end $$;`

/**
 * A statement that failed left nothing behind, so its mark goes. Whatever else ended the step (the advisory lock was lost, an operator
 * has to look, it was too long) says nothing of the statement, which may have taken effect: the next run asks the catalog.
 */
const recordFailure = `
  create function lockstep.record_failure(p_step jsonb) returns text ${asOwner}
  declare
    v_step lockstep.step := jsonb_populate_record(null::lockstep.step, p_step);
  begin
    perform lockstep.assert_head(v_step);
    if v_step.failure ->> 'code' = 'MIGRATION_FAILED' then
      delete from lockstep.progress p
      where p.migration = v_step.migration and p.direction = v_step.direction and p.state = 'running';
    end if;
    return lockstep.write_receipt(v_step, 'failed', clock_timestamp() - v_step.elapsed_ms * interval '1 millisecond');
  end $$;`

export const functions = [
  raiseFence,
  acceptFence,
  assertFence,
  assertStep,
  assertAlone,
  assertHead,
  writeReceipt,
  recordReceipt,
  recordProgress,
  recordFailure,
  'revoke all on all functions in schema lockstep from public;',
].join('\n')

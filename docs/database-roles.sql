-- The roles of one target, and the schema that its proof lies in. Run it in the target's database, as an administrator who may create
-- roles and owns the database (on RDS: the master user). It can be run again at any time, and wants no psql.
--
-- Change these four values; nothing below them.

set lockstep.application_role = 'shop_app'; -- migrations run as it, and it owns what they make
set lockstep.login_role = 'shop_login'; -- the runner logs in as it
set lockstep.owner_role = 'shop_lockstep'; -- owns schema "lockstep"; nobody logs in as it
set lockstep.login_by = 'iam'; -- or 'password'

do $roles$
declare
  v_application text := current_setting('lockstep.application_role');
  v_login text := current_setting('lockstep.login_role');
  v_owner text := current_setting('lockstep.owner_role');
  v_by text := current_setting('lockstep.login_by');
  -- from 16 on, who created a role may grant it, but not act as it
  v_acting text := case when current_setting('server_version_num')::integer >= 160000 then 'SET' else 'MEMBER' end;
  v_lent boolean := false;
  v_found record;
begin
  if v_application in (v_login, v_owner) or v_login = v_owner then
    raise exception 'the three roles must differ: %, %, %', v_application, v_login, v_owner;
  end if;
  if v_by not in ('iam', 'password') then
    raise exception 'lockstep.login_by is %, expected iam or password', v_by;
  end if;

  -- The roles. What is a member inherits nothing: the runner becomes the application role for a migration, and the owner for
  -- making or upgrading the schema, each by name and for one transaction.
  if to_regrole(quote_ident(v_application)) is null then
    execute format('create role %I nologin', v_application);
  end if;
  if to_regrole(quote_ident(v_owner)) is null then
    execute format('create role %I nologin', v_owner);
  end if;
  if to_regrole(quote_ident(v_login)) is null then
    execute format('create role %I login noinherit', v_login);
  end if;
  for v_found in select * from pg_roles where rolname in (v_application, v_login, v_owner) loop
    if v_found.rolsuper or v_found.rolcreaterole or v_found.rolbypassrls or v_found.rolreplication then
      raise exception 'role % may do more than a migration should: take superuser, createrole, bypassrls and replication away',
        v_found.rolname;
    end if;
    if v_found.rolname = v_login and (v_found.rolinherit or not v_found.rolcanlogin) then
      execute format('alter role %I login noinherit', v_login);
    end if;
    if v_found.rolname = v_owner and v_found.rolcanlogin then
      execute format('alter role %I nologin', v_owner);
    end if;
  end loop;
  if pg_has_role(v_application, v_login, 'member') or pg_has_role(v_application, v_owner, 'member') then
    raise exception 'role % is a member of % or %: a migration could then write its own receipts',
      v_application, v_login, v_owner;
  end if;
  execute format('grant %I, %I to %I', v_application, v_owner, v_login);

  -- RDS takes tokens, and no passwords, of the members of this role.
  if to_regrole('rds_iam') is not null and pg_has_role(v_login, 'rds_iam', 'member') <> (v_by = 'iam') then
    execute format(case v_by when 'iam' then 'grant rds_iam to %I' else 'revoke rds_iam from %I' end, v_login);
  end if;

  -- The database.
  execute format('grant connect on database %I to %I', current_database(), v_login);
  execute format('grant connect, create, temporary on database %I to %I', current_database(), v_application);
  if to_regnamespace('public') is not null then
    execute format('grant usage, create on schema public to %I', v_application);
  end if;

  -- who owns no database is only warned when a grant came to nothing
  if not has_database_privilege(v_application, current_database(), 'create') then
    raise exception 'role % may not create in database %: let the owner of the database run this', v_application, current_database();
  end if;

  -- The schema, which belongs to its owner, with all that is in it. One that the login role made itself is taken from it.
  if not pg_has_role(current_user, v_owner, v_acting) then
    execute format('grant %I to %I', v_owner, current_user);
    v_lent := true;
  end if;
  if to_regnamespace('lockstep') is null then
    execute format('create schema lockstep authorization %I', v_owner);
  end if;
  for v_found in
    select format('alter schema lockstep owner to %I', v_owner) as command
    from pg_namespace
    where nspname = 'lockstep' and nspowner <> to_regrole(quote_ident(v_owner))
    union all
    select format('alter table %s owner to %I', oid::regclass, v_owner)
    from pg_class
    where relnamespace = 'lockstep'::regnamespace and relkind = 'r' and relowner <> to_regrole(quote_ident(v_owner))
    union all
    select format('alter type %s owner to %I', reltype::regtype, v_owner)
    from pg_class
    where relnamespace = 'lockstep'::regnamespace and relkind = 'c' and relowner <> to_regrole(quote_ident(v_owner))
    union all
    select format('alter routine %s owner to %I', oid::regprocedure, v_owner)
    from pg_proc
    where pronamespace = 'lockstep'::regnamespace and proowner <> to_regrole(quote_ident(v_owner))
  loop
    execute v_found.command;
  end loop;

  -- What the login role may do with it: read, and call functions. Now, and when a newer version adds some.
  execute format('set local role %I', v_owner);
  execute format('grant usage on schema lockstep to %I', v_login);
  execute format('grant select on all tables in schema lockstep to %I', v_login);
  execute format('grant execute on all functions in schema lockstep to %I', v_login);
  execute format('alter default privileges in schema lockstep grant select on tables to %I', v_login);
  execute format('alter default privileges in schema lockstep grant execute on functions to %I', v_login);
  alter default privileges revoke execute on functions from public;
  reset role;
  if v_lent then
    execute format('revoke %I from %I', v_owner, current_user);
  end if;
end
$roles$;

-- When the runner was there once, the same administrator can close its way to the owner's rights, until the next version of Lockstep
-- upgrades the schema:
--
--   revoke shop_lockstep from shop_login;
--
-- Before that upgrade, run this file again.

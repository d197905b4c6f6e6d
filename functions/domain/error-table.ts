/**
 * The one table of everything that can go wrong. A code's kind decides what happens next:
 *
 * - `usage`: the command was typed wrong                      → exit 2
 * - `refused`: an expected no, before anything ran            → run REFUSED, exit 3
 * - `failed`: a migration failed                              → run FAILED, exit 4
 * - `held`: the lease or a wait ran out                       → message goes back, exit 5
 * - `unreachable`: AWS or the database did not answer         → bounded retries, exit 6
 * - `bug`: ours                                               → exit 1
 * - `interrupted`: somebody pressed Ctrl-C                    → exit 130
 *
 * `docs/errors.md` is checked against this table by a test.
 */
export type ErrorKind = 'usage' | 'refused' | 'failed' | 'held' | 'unreachable' | 'bug' | 'interrupted'

interface ErrorEntry {
  readonly kind: ErrorKind
  /** How to go on: the next thing to do, with the command where there is one. */
  readonly hint: string
}

const entry = (kind: ErrorKind, hint: string): ErrorEntry => ({ kind, hint })
const refused = (hint: string): ErrorEntry => entry('refused', hint)

export const errorTable = {
  // usage
  USAGE: entry('usage', 'see `lockstep --help`'),
  TARGET_NAME_INVALID: entry('usage', 'use lower-case letters, digits and dashes, at most 63: [a-z0-9][a-z0-9-]{0,62}'),
  PATH_NOT_FOUND: entry('usage', 'give the path of a folder of migrations or of a bundle (.zip)'),
  LOCAL_NOT_RUNNING: entry(
    'usage',
    'start the embedded cloud with `lockstep local up`, or set AWS credentials and drop --local',
  ),
  LOCAL_UNSUPPORTED: entry('usage', 'see "Platforms" in the README for the one variable to set'),
  GAMEDAY_FAILED: entry(
    'failed',
    'an alarm that can stay silent is none: see its condition, and the log of the function that measures it',
  ),
  LOCAL_START_FAILED: entry(
    'unreachable',
    'the last lines of its log say why; correct that, then run `lockstep local up` again',
  ),

  // the bundle as a file
  OBJECT_GONE: refused('the object was deleted before it was read; push the bundle again'),
  BUNDLE_NOT_A_ZIP: refused(
    'make the bundle with `lockstep bundle <dir> --out bundle.zip`, or zip the migrations folder',
  ),
  BUNDLE_TRUNCATED: refused('the upload was cut off; push the bundle again'),
  BUNDLE_DAMAGED: refused('the zip contradicts itself; make it again with `lockstep bundle <dir> --out bundle.zip`'),
  BUNDLE_EMPTY: refused('zip the migrations folder itself, or run `lockstep bundle <dir> --out bundle.zip`'),
  BUNDLE_TOO_MANY_FILES: refused("squash old migrations, or raise the target's `limits.files`"),
  BUNDLE_TOO_LARGE: refused("take data loads out of the history, or raise the target's `limits.inflatedBytes`"),
  BUNDLE_FILE_TOO_LARGE: refused("split the file, or raise the target's `limits.fileBytes`"),
  BUNDLE_RATIO: refused("this looks like a zip bomb; if it is not, raise the target's `limits.ratio`"),
  BUNDLE_PATH_UNSAFE: refused('use relative paths with forward slashes and without `..`'),
  BUNDLE_SYMLINK: refused('replace the link by the file that it points to'),
  BUNDLE_DUPLICATE: refused('remove one of the two entries'),
  BUNDLE_ENCRYPTED: refused('make the bundle without a password'),
  BUNDLE_COMPRESSION: refused('use the deflate or store method; `lockstep bundle` does'),
  BUNDLE_ZIP64: refused('use a plain zip, as `lockstep bundle` and `zip -r` make; zip64 is for archives past 4 GiB'),
  MANIFEST_INVALID: refused('make the bundle again with `lockstep bundle <dir> --out bundle.zip`'),
  MANIFEST_REQUIRED: refused(
    'this target takes only bundles made with `lockstep bundle`; use that instead of a plain zip',
  ),
  MANIFEST_DIGEST_MISMATCH: refused('the manifest was changed after packing; make the bundle again'),
  MANIFEST_FILE_MISMATCH: refused('a file was changed after packing; make the bundle again'),
  MANIFEST_FILE_MISSING: refused('a file was removed after packing; make the bundle again'),
  MANIFEST_FILE_UNLISTED: refused('a file was added after packing; make the bundle again'),
  FILE_NOT_UTF8: refused('save the file as UTF-8'),
  FILE_HAS_NUL: refused('remove the NUL byte; PostgreSQL text cannot hold one'),
  FILE_CHANGED: refused('run the command again when nothing else writes into the folder'),

  // signatures, and where a bundle has to have been
  SIGNATURE_MISSING: refused('sign it with `lockstep sign <zip> --key <key> --target <name>`, then push that zip'),
  SIGNATURE_INVALID: refused(
    "sign the bundle as it is, with a key that the target's `policy.signers` has; `lockstep check <zip>` shows the signatures",
  ),
  SIGNATURE_EXPIRED: refused('sign it again with `lockstep sign`, with a later `--expires`'),
  SIGNATURE_OTHER_TARGET: refused('sign it for this target too: `lockstep sign <zip> --key <key> --target <name>`'),
  SIGNATURE_REPLAYED: refused(
    'if this bundle is meant, sign it again with `--parent`: the `standing` of the lock in `lockstep status --json`',
  ),
  PROMOTION_REQUIRED: refused('push the same bundle to that target first'),
  KEY_INVALID: entry('usage', 'make a key with `lockstep keygen <file>`, or name a KMS key of type ECC_NIST_P256'),

  CERTIFICATE_INVALID: refused('run `lockstep certify <dir>`, which writes the file anew'),

  // the history
  HISTORY_EMPTY: refused(
    'add a migration with `lockstep new <name>`; each is a folder with a migration.sql, or a .sql file',
  ),
  HISTORY_DUPLICATE: refused('rename one of them; a name identifies a migration'),
  DOWN_NOT_GENERATED: refused(
    'write its down script by hand, or say why there is none: `-- lockstep:irreversible <reason>`',
  ),
  DOWN_MISSING: refused('`lockstep generate-down <dir>` writes down scripts; read them before you trust them'),
  HISTORY_TWO_DOWNS: refused('keep one of down.sql and rollback.sql'),
  HISTORY_ORPHAN: refused('add the migration that this file belongs to, or remove the file'),
  PROVIDER_UNSUPPORTED: refused(
    'Lockstep migrates PostgreSQL only: migration_lock.toml must say provider = "postgresql"',
  ),

  // the SQL, before anything runs
  DIRECTIVE_UNKNOWN: refused('known directives: transaction, lock_timeout, statement_timeout, irreversible, preserve'),
  DIRECTIVE_INVALID: refused('see "Directives" in docs/bundle-format.md'),
  SQL_SYNTAX: refused('correct the statement; nothing was run'),
  TRANSACTION_UNBALANCED: refused(
    'give every BEGIN its COMMIT, or leave both out: Lockstep wraps each migration in a transaction',
  ),
  STATEMENT_FORBIDDEN: refused('remove the statement; the message names what to use instead'),
  COPY_FROM_STDIN: refused('write INSERT statements; pg_dump does with --inserts'),
  PSQL_COMMAND: refused('remove the psql command; Lockstep sends SQL to the server and has no psql'),
  STATEMENT_NOT_IN_TRANSACTION: refused(
    'add `-- lockstep:transaction=none` at the top of the file, or take the statement out of its block',
  ),

  // the plan
  MIGRATION_EDITED: refused('restore the file as it was applied, and put the change into a new migration'),
  HISTORY_DIVERGED: refused('pull the migrations that the target has and the bundle lacks, then push again'),
  OUT_OF_ORDER: refused("rename the migration so that it sorts last, or allow it in the target's settings"),
  HELD_BACK: refused(
    'let it go with `lockstep release`, or push with `--reapply <migration>`, or change the migration',
  ),
  CERTIFICATE_REQUIRED: refused(
    'write down scripts, prove them with `lockstep certify <dir>`, or say `-- lockstep:irreversible <reason>`; then pack again',
  ),
  HALF_APPLIED: refused('push the same version of that migration again to finish it'),

  // the way back
  ROLLBACK_NOTHING: refused('see what is applied with `lockstep status`'),
  ROLLBACK_UNKNOWN: refused(
    'see what is applied with `lockstep status`; --to takes the migration that stays as the newest',
  ),
  ROLLBACK_TOO_FAR: refused('ask for fewer steps'),
  ROLLBACK_NOT_NEWEST: refused('take back what came after it too, with --to'),
  ROLLBACK_IRREVERSIBLE: refused('go forward with a new migration, or go back less far with --to'),
  PLAN_STALE: refused('look at the plan again with `lockstep rollback --dry-run`, and confirm that one'),
  RELEASE_NEEDLESS: refused('see what is held back with `lockstep status`'),

  // the target
  ALIAS_WRONG: refused('invoke the function by the alias that is named as the target: `<function>:<target>`'),
  TARGET_UNKNOWN: refused(
    "declare the target at deploy, or correct its name; a bundle's key is bundles/<target>/<name>.zip",
  ),
  SETTINGS_INVALID: refused("correct the target's settings at deploy; the message names the field"),
  TARGET_FROZEN: refused(
    'an operator froze the target; `lockstep unlock --thaw` ends that, with --target and --reason',
  ),
  TARGET_WRONG: refused(
    "this database belongs to another target; check the connection, or make it this one's with `lockstep unlock --accept-database`",
  ),
  FENCE_REGRESSION: refused(
    'the control table is older than the database; check both, then take the database as it is with `lockstep unlock --accept-database`',
  ),
  DRIFT: refused(
    'database and ledger disagree; see `lockstep status` and `lockstep reconcile`, then take the database as it is with `lockstep unlock --accept-database`',
  ),
  SCHEMA_NEWER: refused('the schema "lockstep" was made by a newer Lockstep; deploy that version'),
  CREDENTIALS_REJECTED: refused("correct the target's user or password in its settings"),
  SECRET_INVALID: refused('put { "username": "…", "password": "…" } into the secret, as RDS does, or correct its ARN'),
  DATABASE_MISSING: refused("create the database, or correct its name in the target's settings"),
  PRIVILEGE_MISSING: refused('run docs/database-roles.sql in the database, as its administrator'),
  POOLER_UNSUPPORTED: refused(
    "connect to the instance's or cluster writer's own endpoint: session locks do not survive a pooler",
  ),

  // the run
  MIGRATION_FAILED: entry('failed', 'correct the migration and push again; what was applied before it stays'),
  VERIFY_FAILED: entry(
    'failed',
    'the migration was rolled back; correct it, or what its verify file asks, and push again',
  ),
  WAY_BACK_BROKEN: entry(
    'failed',
    'correct the down script, or remove it and say why in the migration: `-- lockstep:irreversible <reason>`',
  ),
  STEP_NEEDS_OWN_TRANSACTIONS: entry('failed', 'add `-- lockstep:transaction=file` at the top of the file'),
  STEP_TOO_LONG: entry('failed', 'split the migration, or give its index builds CONCURRENTLY'),
  NEEDS_OPERATOR: entry('failed', 'answer the question in the message, then push again'),
  FENCE_TOUCHED: entry('failed', 'the migration changed schema "lockstep"; take that out'),
  LOCK_RELEASED: entry('failed', 'the migration released the advisory lock; take that out'),
  STEP_SPLIT: entry(
    'failed',
    'the migration ended its own transaction in dynamic SQL; take that out, or use `-- lockstep:transaction=file`',
  ),
  KEEP_TOO_LARGE: entry(
    'failed',
    "raise the target's `policy.keepBytes` or `policy.keepRows`, or say that it may be lost: `-- lockstep:preserve=none` at the top of the file",
  ),
  KEEP_IMPOSSIBLE: entry(
    'failed',
    'remove what the message names, or say that it may be lost: `-- lockstep:preserve=none` at the top of the file',
  ),
  KEEP_NOT_RESTORED: entry(
    'failed',
    'nothing was changed, and what was kept is still there; correct what the message names, or take the migration back by hand',
  ),
  STEP_CONFLICT: entry('failed', 'another writer changed the receipts; run `lockstep status`, then push again'),
  RUN_CRASHED: entry('failed', 'the runner died five times; read its log, then push again'),
  RUN_EXPIRED: entry('failed', 'the run waited for a day; push again'),

  // the lock
  LEASE_HELD: entry('held', 'wait for the other run; `lockstep status` shows it'),
  LEASE_LOST: entry('held', 'another run took over; `lockstep status` shows it'),
  WAIT_TIMED_OUT: entry('held', 'the run goes on; ask again with `lockstep status`'),

  // infrastructure
  TARGET_UNREACHABLE: entry(
    'unreachable',
    "check the database, its security group and the target's host and port, then push again",
  ),
  TARGET_READ_ONLY: entry('unreachable', 'this is a replica or a failing-over primary; connect to the writer endpoint'),
  TARGET_TLS: entry('unreachable', "connect by the endpoint's own name; certificate and name are always checked"),
  SHADOW_UNREACHABLE: entry(
    'unreachable',
    'check --shadow-url: postgresql://user:password@host:port/postgres of a throwaway server; without it one is started',
  ),
  AWS_UNREACHABLE: entry(
    'unreachable',
    'check network, region and credentials (`aws sts get-caller-identity`), then try again',
  ),
  AWS_THROTTLED: entry('unreachable', 'try again in a minute; if it stays, see function-throttles in operations.md'),
  AWS_DENIED: entry(
    'unreachable',
    'ask for the grant: grantPush for uploads, grantStatus for status, grantRollback for rollback and release, grantUnlock for unlock and reconcile',
  ),

  INTERRUPTED: entry('interrupted', 'nothing is half-done; run the command again'),

  // evidence and bugs
  AUDIT_BROKEN: entry('refused', 'keep the table as it is and see "Audit" in docs/architecture.md'),
  EVENT_INVALID: entry('usage', 'send the payload that docs/architecture.md shows'),
  INTERNAL: entry('bug', 'this is a bug in Lockstep; please report it with the run id'),
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof errorTable

/** The command line's exit code of each kind of error. */
export const exitCodes: Readonly<Record<ErrorKind, number>> = {
  bug: 1,
  usage: 2,
  refused: 3,
  failed: 4,
  held: 5,
  unreachable: 6,
  interrupted: 130,
}

import type * as ec2 from 'aws-cdk-lib/aws-ec2'
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager'
import type { IConstruct } from 'constructs'

/** A database to migrate; `fromInstance` and `fromCluster` fill in what a construct knows of it. */
export interface TargetProps {
  /** `[a-z0-9][a-z0-9-]{0,62}`; uploads below `bundles/<name>/` are for it. */
  readonly name: string
  /** The endpoint's own name: the certificate is checked against it. */
  readonly host: string
  /**
   * @default 5432
   */
  readonly port?: number
  readonly database: string
  /** The login role of `docs/database-roles.sql`. */
  readonly user: string
  /** The role that migrations run as, and that owns what they make. */
  readonly applicationRole: string
  /**
   * The secret with the login role's name and password, as RDS writes it. It is read from within the VPC, which then needs an interface
   * endpoint of Secrets Manager, or another way out.
   *
   * @default none: the runner logs in with IAM
   */
  readonly secret?: secretsmanager.ISecret
  /**
   * The secret of the database's administrator, with which the roles are made at deploy, and for nothing else. One function may read
   * it, which is made only for this.
   *
   * @default none: somebody runs `docs/database-roles.sql`
   */
  readonly adminSecret?: secretsmanager.ISecret
  /**
   * The role that owns schema `lockstep`, where the roles are made at deploy.
   *
   * @default the login role's name with `_owner` behind it
   */
  readonly ownerRole?: string
  /**
   * The resource id of instance or cluster (`db-…`, `cluster-…`), to which the runner's right to log in with IAM is narrowed.
   *
   * @default any database of account and region that has the login role
   */
  readonly resourceId?: string
  /**
   * The instance or cluster, which lets the runner in, and before which nothing is done in it.
   *
   * @default none: somebody lets the runner's security groups in
   */
  readonly server?: IConstruct & ec2.IConnectable
  /**
   * Who signs the server's certificate, in PEM.
   *
   * @default the authorities of RDS in the host's region; the public ones for other hosts
   */
  readonly authorities?: string
  /**
   * The `search_path` of every migration, as SQL.
   *
   * @default 'public'
   */
  readonly searchPath?: string
  /**
   * How long a statement waits for a lock, in ms; 0 waits for ever. A migration's directive wins.
   *
   * @default 5,000
   */
  readonly lockTimeoutMs?: number
  /**
   * How long a statement may run, in ms; 0 is without end. A migration's directive wins.
   *
   * @default 0
   */
  readonly statementTimeoutMs?: number
  /**
   * `apply` takes a pending migration whose name sorts before one that was applied; `refuse` refuses its bundle (OUT_OF_ORDER).
   *
   * @default 'apply'
   */
  readonly outOfOrder?: 'apply' | 'refuse'
  /**
   * Refuses plain zips, which have no manifest with checksums.
   *
   * @default false
   */
  readonly requireManifest?: boolean
  /**
   * Refuses pending migrations of which the bundle has no certificate of going back.
   *
   * @default false
   */
  readonly requireCertificate?: boolean
  /**
   * How large a table may be of which a drop is kept, in bytes as it lies there; beyond, the migration is refused.
   *
   * @default 1 GiB
   */
  readonly keepBytes?: number
  /**
   * How many rows such a table may have.
   *
   * @default 10,000,000
   */
  readonly keepRows?: number
  /**
   * The keys of which one must have signed a bundle for this target; `lockstep keygen` and `aws kms get-public-key` print them.
   *
   * @default none: bundles need no signature
   */
  readonly signers?: readonly SignerProps[]
  /**
   * Another target, on which a bundle must have succeeded before it may run on this one.
   *
   * @default none
   */
  readonly after?: string
}

/** A public key that may admit bundles to a target. */
export interface SignerProps {
  /** How audit events name it: letters, digits, dots, dashes. */
  readonly id: string
  /** A P-256 key: the base64 of its DER, as `lockstep keygen` prints it and KMS answers it. */
  readonly publicKey: string
}

import type { Signer } from './signer.ts'
import type { TargetName } from './types.ts'

/**
 * How the runner proves who it is: `iam` signs a token for each connection, `secret` reads name and password from Secrets Manager.
 * A password in settings is for the embedded cloud and for tests.
 */
export type Credential =
  | { readonly kind: 'iam' }
  | { readonly kind: 'secret'; readonly arn: string }
  | { readonly kind: 'password'; readonly password: string }

export interface Connection {
  readonly host: string
  readonly port: number
  readonly database: string
  /** The login role; a secret that names another one wins, since a rotation may alternate between two. */
  readonly user: string
  readonly credential: Credential
  /** `verify` checks certificate and host name; `off` is for loopback only, and for no token. */
  readonly tls: 'verify' | 'off'
  /** The only authorities that may sign the server's certificate, in PEM; by default those of RDS in the host's region. */
  readonly authorities?: string | undefined
}

/** What was decided for a target at deploy time. */
export interface TargetSettings {
  readonly target: TargetName
  readonly connection: Connection
  /** The role that migrations run as, and that owns what they make; the login role is a member of it. */
  readonly applicationRole: string
  /** `search_path` of every migration, as SQL. */
  readonly searchPath: string
  readonly lockTimeoutMs: number
  /** 0 = none. */
  readonly statementTimeoutMs: number
  readonly leaseMs: number
  readonly heartbeatMs: number
  readonly policy: TargetPolicy
  readonly limits: BundleLimits
}

export interface TargetPolicy {
  readonly outOfOrder: 'apply' | 'refuse'
  readonly requireManifest: boolean
  /** True refuses pending migrations of which the bundle has no certificate of going back. */
  readonly requireCertificate: boolean
  /** The keys of which one must have signed a bundle for this target; without any, bundles need no signature. */
  readonly signers: readonly Signer[]
  /** Takes only bundles that have succeeded on this other target before; null takes any. */
  readonly after: TargetName | null
  /** Tries of a step that meets 55P03, 40P01 or 40001, the first included. */
  readonly stepAttempts: number
  /** Bounds of infrastructure faults for one run, whichever comes first. */
  readonly faultAttempts: number
  readonly faultWindowMs: number
  /** How much of one table may be kept before a migration drops it: bytes of the table as it lies there, and rows. */
  readonly keepBytes: number
  readonly keepRows: number
}

/** What a bundle may hold; each has its own refusal. */
export interface BundleLimits {
  readonly files: number
  readonly fileBytes: number
  readonly inflatedBytes: number
  /** Inflated bytes per compressed byte, for a whole entry. */
  readonly ratio: number
}

/** A target's settings where a deploy says nothing. */
export const settingsDefaults = {
  searchPath: 'public',
  lockTimeoutMs: 5_000,
  /** 0 = none, as in PostgreSQL. */
  statementTimeoutMs: 0,
  leaseMs: 30_000,
  heartbeatMs: 7_500,
} as const

/** Its policy. */
export const policyDefaults = {
  outOfOrder: 'apply',
  requireManifest: false,
  requireCertificate: false,
  after: null,
  stepAttempts: 5,
  faultAttempts: 10,
  faultWindowMs: 900_000,
  keepBytes: 1_073_741_824,
  keepRows: 10_000_000,
} as const

/** What an app of another's uses, as `lockstep/infra`; what is not here may change at any time. */

// biome-ignore lint/performance/noBarrelFile: the package's one entry for others; nothing here imports it
export { type DatabaseTargetProps, fromCluster, fromInstance } from './constructs/database-targets.ts'
export type { FunctionOptions } from './constructs/function-options.ts'
export { GitHubPushRole, type GitHubPushRoleProps, type GitHubRuns } from './constructs/github-push-role.ts'
export type { EventBus, PostgresMigrationsProps } from './constructs/migrations-props.ts'
export { PostgresMigrations } from './constructs/postgres-migrations.ts'
export type { RecordsMode } from './constructs/records-bucket.ts'
export type { SignerProps, TargetProps } from './constructs/target-props.ts'
export type { WatchingOptions } from './constructs/watching.ts'

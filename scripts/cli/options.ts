import { InvalidArgumentError, Option } from 'commander'
import { LockstepError } from '../../functions/domain/errors.ts'
import {
  isSha256,
  isTargetName,
  type RunId,
  runId,
  type Sha256,
  type TargetName,
} from '../../functions/domain/types.ts'
import { parseDuration, parseLifetime } from './units.ts'

/** `--json`, which every command with an answer has. The answer's shape is in docs/cli.md. */
export interface JsonOption {
  readonly json?: boolean
}

/** Which cloud is meant: `--local`, `--no-local`, or neither. */
export interface PlaceOption {
  readonly local?: boolean
}

export const jsonOption = (): Option => new Option('--json', 'print one JSON document')

export const targetOption = (): Option =>
  new Option('--target <name>', 'the database to speak of').argParser(readTarget).makeOptionMandatory()

export const runOption = (what = 'one run instead of the newest ones'): Option =>
  new Option('--run <id>', what).argParser(readRun)

/** Both forms, so that neither is the default: without them a running embedded cloud decides. */
export const placeOptions = (): readonly Option[] => [
  new Option('--local', 'talk to the embedded cloud (the default where one was started)'),
  new Option('--no-local', 'talk to AWS, even where an embedded cloud was started'),
]

export const reasonOption = (): Option =>
  new Option('--reason <text>', 'why; the audit event tells it').makeOptionMandatory()

export const ageOption = (): Option =>
  new Option('--older-than <duration>', 'only what was kept longer ago').argParser(parseDuration)

export const timeoutOption = (what = 'how long --wait waits'): Option =>
  new Option('--timeout <duration>', what).argParser(parseDuration).default(900_000, '15m')

/** How a signature is made, beside its key and its target. */
export interface SignOptions {
  /** In milliseconds from now. */
  readonly expires: number
  readonly parent?: Sha256
}

export const signOption = (): Option =>
  new Option('--sign <key>', 'sign it with a key file, or a KMS key by id, ARN or alias')

export const signOptions = (): readonly Option[] => [
  new Option('--expires <lifetime>', 'how long the signature holds')
    .argParser(parseLifetime)
    .default(30 * 86_400_000, '30d'),
  new Option('--parent <digest>', 'what the target must stand at: that bundle succeeded last').argParser(readParent),
]

export const shadowOption = (): Option =>
  new Option('--shadow-url <url>', 'a throwaway PostgreSQL server (else one is started)')

export const rowsOption = (): Option =>
  new Option('--rows <n>', 'rows that each table is given').argParser(readRows).default(5)

const mostRows = 1_000

const readRows = (text: string): number => {
  const rows = Number(text)
  if (Number.isInteger(rows) && rows >= 1 && rows <= mostRows) return rows
  throw new InvalidArgumentError(`expected a number from 1 to ${mostRows}`)
}

export const gamedayTimeoutOption = (): Option =>
  new Option('--timeout <duration>', 'how long all of it may take').argParser(parseDuration).default(600_000, '10m')

/** Reads a target name. @throws LockstepError TARGET_NAME_INVALID */
export const readTarget = (text: string): TargetName => {
  if (isTargetName(text)) return text
  throw new LockstepError('TARGET_NAME_INVALID', `"${text}" is not a target's name`)
}

/** Reads how many migrations go back. @throws LockstepError USAGE */
export const readSteps = (text: string): number => {
  if (/^[1-9][0-9]{0,5}$/.test(text)) return Number(text)
  throw new LockstepError('USAGE', `"${text}" is not a number of steps, expected 1 or more`)
}

/** Reads a plan's digest. @throws LockstepError USAGE */
export const readDigest = (text: string): Sha256 => {
  if (isSha256(text)) return text
  throw new LockstepError('USAGE', `"${text}" is not the digest of a plan: 64 hex digits`, {
    hint: '`lockstep rollback --dry-run` prints it',
  })
}

const readParent = (text: string): Sha256 => {
  if (isSha256(text)) return text
  throw new LockstepError('USAGE', `"${text}" is not the digest of a bundle: 64 hex digits`, {
    hint: '`lockstep status --target <name> --json` has it: `standing` of the lock',
  })
}

const readRun = (text: string): RunId => {
  if (/^r-[0-9a-f]{24}$/.test(text)) return runId(text)
  throw new LockstepError('USAGE', `"${text}" is not a run's id: r- and 24 hex digits`, {
    hint: '`lockstep status --target <name>` lists them',
  })
}

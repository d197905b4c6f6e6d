import type { Duration } from 'aws-cdk-lib'
import type * as lambda from 'aws-cdk-lib/aws-lambda'
import {
  type FunctionName,
  functions,
  runnerMemory,
  runnersTime,
  runnerTimeout,
  setupFunction,
} from '../../functions/edge/resources.ts'

/** What may be decided about the functions. */
export interface FunctionOptions {
  /**
   * Runs under way at once, over all targets: 2 to 1,000. Each takes two of the account's concurrent executions, and up to one
   * connection of its database.
   *
   * @default 10
   */
  readonly maxConcurrency?: number
  /**
   * How long an invocation of the runner may take: 6 to 15 minutes. A run that is longer goes on in the next invocation, so a shorter
   * one only makes more of them. The fronts that wait for the runner get the same, and the queue's visibility follows.
   *
   * @default 15 minutes, the longest that Lambda has
   */
  readonly runnerTimeout?: Duration
  /**
   * The runner's memory in MiB, and with it its share of CPU: 512 to 10,240.
   *
   * @default 512
   */
  readonly runnerMemorySize?: number
  /**
   * Keeps so many concurrent executions of the account free for the runner, and lets it have no more: a bound for connections to all
   * databases that holds for operators' calls and reconciling too. What is above it waits: a run's message comes back later, an
   * operator is told to try again. `maxConcurrency` bounds the runs already, without taking executions from anybody, so more than
   * that and a few for operators is wasted. Lambda wants 100 executions to stay unreserved in the account.
   *
   * @default none: the runner takes from what the account has
   */
  readonly runnerReservedConcurrency?: number
  /**
   * X-Ray's traces of all functions: when they were started and by whom, how long they took, what failed. Lambda sends them itself, past
   * the VPC, so that the runner needs no way to X-Ray.
   *
   * @default Tracing.ACTIVE
   */
  readonly tracing?: lambda.Tracing
}

/**
 * Refuses options under which the functions could not do their work.
 *
 * @throws Error saying what was expected, and why
 */
export function refuseWrongOptions(options: FunctionOptions): void {
  const { runnerTimeout: timeout, runnerMemorySize: memory, runnerReservedConcurrency: reserved } = options
  if (timeout !== undefined) refuseWrongTimeout(timeout.toSeconds())
  if (memory !== undefined) refuseWrongMemory(memory)
  if (reserved === undefined || isWithin(reserved, 1, Number.MAX_SAFE_INTEGER)) return
  throw new Error(`runnerReservedConcurrency is ${reserved}, expected at least 1: with none of it nothing ever runs`)
}

function refuseWrongTimeout(seconds: number): void {
  const { shortestSeconds, longestSeconds } = runnerTimeout
  if (isWithin(seconds, shortestSeconds, longestSeconds)) return
  const why = 'a slice has to outlast the longest lease (5 minutes), and Lambda ends every invocation after 15'
  throw new Error(`runnerTimeout is ${seconds} s, expected ${shortestSeconds} to ${longestSeconds}: ${why}`)
}

function refuseWrongMemory(mebibytes: number): void {
  const { leastMiB, mostMiB } = runnerMemory
  if (isWithin(mebibytes, leastMiB, mostMiB)) return
  const why = 'the SQL parser wants what is the least, and Lambda has no more'
  throw new Error(`runnerMemorySize is ${mebibytes}, expected ${leastMiB} to ${mostMiB} MiB: ${why}`)
}

const isWithin = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most

/** What Lambda is told of a function: what `edge/resources.ts` says, and what was decided. */
export function limitsOf(name: FunctionName | typeof setupFunction.name, options: FunctionOptions) {
  const found = [...functions, setupFunction].find((definition) => definition.name === name)
  if (found === undefined) throw new Error(`edge/resources.ts defines no function "${name}"`)
  const { runnerTimeout: timeout, runnerMemorySize, runnerReservedConcurrency } = options
  const isTimed = runnersTime.some((each) => each === name)
  return {
    ...found,
    ...(isTimed && timeout !== undefined && { timeoutSeconds: timeout.toSeconds() }),
    ...(name === 'runner' && runnerMemorySize !== undefined && { memoryMiB: runnerMemorySize }),
    ...(name === 'runner' && { reservedConcurrency: runnerReservedConcurrency }),
  }
}

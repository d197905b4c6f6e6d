import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { LockstepError } from '../../functions/domain/errors.ts'
import { environment } from '../../functions/edge/resources.ts'

const stacks = z.record(z.string(), z.record(z.string(), z.string()))

/** A deployed stack as `cdk deploy --outputs-file` writes it. */
export interface DeployedStack {
  readonly name: string
  readonly outputs: Readonly<Record<string, string>>
}

/** The outputs that the checks and the command line read; the stack has each of them. */
export const neededOutputs = [
  'BundleBucket',
  'RecordsBucket',
  'ControlTable',
  'AuditTable',
  'BundleQueueUrl',
  'DeadLetterQueueUrl',
  'AuditFailureQueueUrl',
  'AlarmTopic',
  'RunnerFunction',
  'ApplyFunction',
  'StatusFunction',
  'UnlockFunction',
  'RollbackFunction',
  'AuditFunction',
  'WatchFunction',
] as const

/**
 * Reads a stack's outputs.
 *
 * @throws LockstepError USAGE when the file is none of a deploy, holds several stacks and none was named, or lacks an output
 */
export async function readStack(file: string, wanted: string | undefined): Promise<DeployedStack> {
  const all = stacks.safeParse(await readJson(file))
  if (!all.success) throw usage(`${file} holds no outputs of a deploy`)
  const names = Object.keys(all.data)
  const name = wanted ?? (names.length === 1 ? names[0] : undefined)
  const outputs = name === undefined ? undefined : all.data[name]
  if (name === undefined || outputs === undefined) {
    throw usage(`${file} has the stacks ${names.join(', ') || 'of no deploy'}; name one of them with --stack`)
  }
  const missing = neededOutputs.filter((output) => outputs[output] === undefined)
  if (missing.length > 0) throw usage(`stack ${name} lacks the outputs ${missing.join(', ')}`)
  return { name, outputs }
}

const readJson = async (file: string): Promise<unknown> => {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch {
    return undefined
  }
}

const usage = (message: string): LockstepError =>
  new LockstepError('USAGE', message, {
    hint: 'write it with `npx cdk deploy --outputs-file outputs.json`, and say --outputs outputs.json',
  })

/** What a check finds in its environment: the outputs by their ids, and what the command line wants. */
export const checkVariables = ({ name, outputs }: DeployedStack, target: string): Record<string, string> => ({
  ...outputs,
  Stack: name,
  Target: target,
  [environment.bundleBucket]: outputs.BundleBucket ?? '',
  [environment.statusFunction]: outputs.StatusFunction ?? '',
  [environment.unlockFunction]: outputs.UnlockFunction ?? '',
  [environment.rollbackFunction]: outputs.RollbackFunction ?? '',
})

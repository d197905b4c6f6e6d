import type { Node } from 'constructs'
import * as z from 'zod'
import { remedy } from '../context.ts'
import { type StageName, stageNames } from './stages.ts'

/** The context keys of the sample, of which the first decides whether there is one; `docs/aws.md` explains them. */
export const sampleKeys = [
  'lockstep:database',
  'lockstep:stage',
  'lockstep:addSecretsEndpoint',
  'lockstep:githubRepository',
  'lockstep:githubProviderArn',
  'lockstep:artefacts',
] as const

const onlyMade = z.undefined('wanted only where lockstep:database is rds or aurora').optional()

const context = z.discriminatedUnion('lockstep:database', [
  z.object({
    'lockstep:database': z.literal('existing'),
    'lockstep:stage': onlyMade,
    'lockstep:githubRepository': onlyMade,
    'lockstep:githubProviderArn': onlyMade,
  }),
  z.object({
    'lockstep:database': z.enum(['rds', 'aurora']),
    'lockstep:stage': z.enum(stageNames).default('dev'),
    'lockstep:addSecretsEndpoint': z.union([z.boolean(), z.stringbool()], 'expected true or false').default(true),
    'lockstep:githubRepository': z.string().optional(),
    'lockstep:githubProviderArn': z.string().startsWith('arn:').optional(),
    'lockstep:artefacts': z.string().optional(),
  }),
])

/** A database that the app makes itself, with its VPC, at one stage. */
export interface Sample {
  readonly database: 'rds' | 'aurora'
  readonly stage: StageName
  /** Whether there is a way to the administrator's secret, which is needed while roles are made. */
  readonly addSecretsEndpoint: boolean
  /** Whose workflows may push, in the environment that is named as the stage. */
  readonly github?: { readonly repository: string; readonly providerArn?: string }
  readonly artefacts?: string
}

/**
 * Reads from the app's context which sample is wanted; undefined for databases that exist, which `readDeployment` reads.
 *
 * @throws Error that says what is wrong with each value
 */
export function readSample(node: Node): Sample | undefined {
  const values = Object.fromEntries(sampleKeys.map((key) => [key, node.tryGetContext(key)]))
  const parsed = context.safeParse({ ...values, 'lockstep:database': values['lockstep:database'] ?? 'existing' })
  if (!parsed.success) throw new Error(`context is wrong:\n${z.prettifyError(parsed.error)}\n${remedy}`)
  const found = parsed.data
  if (found['lockstep:database'] === 'existing') return undefined
  const repository = found['lockstep:githubRepository']
  const providerArn = found['lockstep:githubProviderArn']
  const artefacts = found['lockstep:artefacts']
  if (repository === undefined && providerArn !== undefined) {
    throw new Error(
      `context is wrong:\n  lockstep:githubProviderArn is wanted only with lockstep:githubRepository, which is missing\n${remedy}`,
    )
  }
  return {
    database: found['lockstep:database'],
    stage: found['lockstep:stage'],
    addSecretsEndpoint: found['lockstep:addSecretsEndpoint'],
    ...(repository !== undefined && {
      github: { repository, ...(providerArn !== undefined && { providerArn }) },
    }),
    ...(artefacts !== undefined && { artefacts }),
  }
}

import { carriedAlong, clientsOwn, commandActions } from './command-actions.ts'
import { type Ask, decide, isLike } from './iam-decision.ts'
import type { RoleStatement, StatementsByFunction } from './iam-statements.ts'
import type { ServiceRight } from './service-rights.ts'

/** What a function asked of IAM. */
export interface FunctionAsk extends Ask {
  readonly name: string
}

/** Shows a right as the findings do: `runner: s3:PutObject on BundleBucket.Arn/bundles/a.zip`. */
export const showRight = ({ name, action, resource }: FunctionAsk): string => `${name}: ${action} on ${resource}`

/**
 * Compares what was asked with what the template grants, both ways; nothing is found where they are the same.
 *
 * @returns one line a finding: `missing` was asked and is not allowed, `surplus` is allowed and was never asked, `stale` is explained
 * by a service and not granted at all
 */
export function compareCalls(
  statements: StatementsByFunction,
  { asked, services }: { readonly asked: readonly FunctionAsk[]; readonly services: readonly ServiceRight[] },
): readonly string[] {
  const missing = asked.filter((ask) => decide(statements.get(ask.name) ?? [], ask) !== 'allowed')
  const granted = [...statements].flatMap(([name, all]) => grantsOf(all).map((grant) => ({ name, ...grant })))
  const surplus = granted.filter((grant) => ![...asked, ...services].some((use) => uses(use, grant)))
  const present = services.filter(({ name }) => statements.has(name))
  const stale = present.filter((service) => !granted.some((grant) => showRight(grant) === showRight(service)))
  return [...lines('missing', missing), ...lines('surplus', surplus), ...lines('stale', stale)]
}

/** Compares one function's commands with its rights, by their actions: the build knows no resources. */
export function compareBuild(
  { name, commands }: { readonly name: string; readonly commands: readonly string[] },
  statements: readonly RoleStatement[],
  services: readonly ServiceRight[],
): readonly string[] {
  const own = commands.filter((command) => !clientsOwn.has(command))
  const carried = carriedAlong[name] ?? []
  const ofServices = services.filter((right) => right.name === name)
  const granted = grantsOf(statements).filter(
    ({ action, resource }) => !ofServices.some((right) => right.action === action && right.resource === resource),
  )
  const isGranted = (command: string) => granted.some(({ action }) => commandActions[command]?.includes(action))
  const isAsked = (action: string) => own.some((command) => commandActions[command]?.includes(action))
  const found = (what: string, which: readonly string[]) => which.map((each) => `${what} ${name}: ${each}`)
  return [
    ...found(
      'unknown',
      own.filter((command) => !(command in commandActions)),
    ),
    ...found(
      'missing',
      own.filter((command) => !isGranted(command) && !carried.includes(command)),
    ),
    ...found(
      'surplus',
      [...new Set(granted.map(({ action }) => action))].filter((action) => !isAsked(action)),
    ),
    ...found(
      'stale',
      carried.filter((command) => !own.includes(command) || isGranted(command)),
    ),
  ]
}

type Grant = Pick<Ask, 'action' | 'resource'>

const grantsOf = (statements: readonly RoleStatement[]): readonly Grant[] =>
  statements
    .filter(({ effect }) => effect === 'Allow')
    .flatMap(({ actions, resources }) =>
      actions.flatMap((action) => resources.map((resource) => ({ action, resource }))),
    )

const uses = (use: FunctionAsk, grant: FunctionAsk): boolean =>
  use.name === grant.name && isLike(use.action, grant.action) && isLike(use.resource, grant.resource)

const lines = (what: string, rights: readonly FunctionAsk[]): readonly string[] =>
  [...new Set(rights.map((right) => `${what} ${showRight(right)}`))].toSorted()

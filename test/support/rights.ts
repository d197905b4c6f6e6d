import { carriedAlong, clientsOwn, commandActions } from './command-actions.ts'
import { type Ask, decide, isLike } from './iam-decision.ts'
import type { RoleStatement, StatementsByFunction } from './iam-statements.ts'
import type { ServiceRight } from './service-rights.ts'

/** What a function asked of IAM. */
export interface FunctionAsk extends Ask {
  readonly name: string
}

/** Shows a right as the findings do: `runner: s3:PutObject on BundleBucket.Arn/bundles/a.zip`. */
export const showRight = ({ name, action, resource, viaService }: FunctionAsk): string =>
  `${name}: ${action} on ${resource}${viaService === undefined ? '' : ` for ${viaService}`}`

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
  const granted = namedGrants(statements)
  const surplus = granted.filter((grant) => ![...asked, ...services].some((use) => uses(use, grant)))
  const present = services.filter(({ name }) => statements.has(name))
  const stale = present.filter((service) => !granted.some((grant) => showRight(grant) === showRight(service)))
  return [...lines('missing', missing), ...lines('surplus', surplus), ...lines('stale', stale)]
}

/** Each right that a function's role allows and that no service explains. */
export const rightsOfCode = (
  statements: StatementsByFunction,
  services: readonly ServiceRight[],
): readonly FunctionAsk[] => {
  const explained = new Set(services.map(showRight))
  return namedGrants(statements).filter((grant) => !explained.has(showRight(grant)))
}

/** The statements with one allowed right taken away, and no other. */
export const withoutRight = (statements: StatementsByFunction, { name, ...right }: FunctionAsk): StatementsByFunction =>
  new Map([...statements, [name, (statements.get(name) ?? []).flatMap((statement) => pieces(statement, right))]])

const pieces = (statement: RoleStatement, { action, resource }: Grant): readonly RoleStatement[] => {
  const { effect, actions, resources } = statement
  if (effect !== 'Allow' || !actions.includes(action) || !resources.includes(resource)) return [statement]
  return [
    { ...statement, actions: actions.filter((each) => each !== action) },
    { ...statement, actions: [action], resources: resources.filter((each) => each !== resource) },
  ]
}

/**
 * Compares one function's commands with its rights, by their actions: the build knows no resources.
 *
 * @returns one line a finding: `unknown` is a command without an entry in the table, `missing` one of which no action is allowed,
 * `surplus` an action that no command asks for, `stale` a command that is not carried along any more
 */
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
  const unknown = own.filter((command) => !(command in commandActions))
  const missing = own.filter((command) => !isGranted(command) && !carried.includes(command))
  const surplus = [...new Set(granted.map(({ action }) => action))].filter((action) => !isAsked(action))
  const stale = carried.filter((command) => !own.includes(command) || isGranted(command))
  return Object.entries({ unknown, missing, surplus, stale }).flatMap(([what, which]) =>
    which.map((each) => `${what} ${name}: ${each}`),
  )
}

type Grant = Pick<Ask, 'action' | 'resource' | 'viaService'>

/** Each right that a function's role allows. */
export const namedGrants = (statements: StatementsByFunction): readonly FunctionAsk[] =>
  [...statements].flatMap(([name, all]) => grantsOf(all).map((grant) => ({ name, ...grant })))

const grantsOf = (statements: readonly RoleStatement[]): readonly Grant[] =>
  statements
    .filter(({ effect }) => effect === 'Allow')
    .flatMap(({ actions, resources, viaService }) =>
      actions.flatMap((action) =>
        resources.map((resource) => ({ action, resource, ...(viaService !== undefined && { viaService }) })),
      ),
    )

const uses = (use: FunctionAsk, grant: FunctionAsk): boolean =>
  use.name === grant.name &&
  use.viaService === grant.viaService &&
  isLike(use.action, grant.action) &&
  isLike(use.resource, grant.resource)

const lines = (what: string, rights: readonly FunctionAsk[]): readonly string[] =>
  [...new Set(rights.map((right) => `${what} ${showRight(right)}`))].toSorted()

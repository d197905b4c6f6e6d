import type { Template } from 'aws-cdk-lib/assertions'
import { isRecord, listed, type Resource, rendered, resourcesOf, resourcesOfType } from '../infra/reading.ts'

/** A statement of a role's policies, with its resources as `rendered` writes them. */
export interface RoleStatement {
  readonly effect: 'Allow' | 'Deny'
  readonly actions: readonly string[]
  readonly resources: readonly string[]
  /** Patterns of partition keys; the statement is about requests that name at least one such key. */
  readonly leadingKeys?: readonly string[]
  /** The statement is about requests that this service makes to KMS in the role's name. */
  readonly viaService?: string
}

/** The statements of each function's role, by the function's name. */
export type StatementsByFunction = ReadonlyMap<string, readonly RoleStatement[]>

/**
 * Reads what each function's role may do, and what it is denied.
 *
 * @throws Error for everything in a policy that the gate does not evaluate: what is not understood must not pass for harmless
 */
export const statementsByFunction = (template: Template): StatementsByFunction =>
  new Map(
    resourcesOfType(template, 'AWS::Lambda::Function').map((resource) => [
      functionNameOf(resource),
      documentsOf(template, roleOf(template, resource)).flatMap(parseDocument),
    ]),
  )

/** As the construct describes each function: `Lockstep: runner`. */
const functionNameOf = ({ id, properties }: Resource): string => {
  const [, name] = /^Lockstep: ([a-z]+)$/.exec(String(properties.Description)) ?? []
  return name ?? notUnderstood(id, 'Description', properties.Description)
}

const roleOf = (template: Template, { id, properties }: Resource): Resource => {
  const found = resourcesOf(template).find((role) => rendered(properties.Role) === rendered(arnOf(role.id)))
  return found ?? notUnderstood(id, 'Role', properties.Role)
}

const arnOf = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] })

/** AWS's own policy for functions in a VPC; what it grants is Lambda's, not the code's. */
const networkPolicy = 'arn:AWS::Partition:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole'

const documentsOf = (template: Template, role: Resource): readonly unknown[] => {
  const { PermissionsBoundary, Policies, ManagedPolicyArns } = role.properties
  if (PermissionsBoundary !== undefined) notUnderstood(role.id, 'PermissionsBoundary', PermissionsBoundary)
  for (const arn of listed(ManagedPolicyArns))
    if (rendered(arn) !== networkPolicy) notUnderstood(role.id, 'ManagedPolicyArns', arn)
  const attached = resourcesOf(template).filter(({ properties }) =>
    listed(properties.Roles).some((each) => rendered(each) === rendered({ Ref: role.id })),
  )
  for (const { id, type } of attached) if (type !== 'AWS::IAM::Policy') notUnderstood(id, 'Type', type)
  const inline = listed(Policies).map((policy) => (isRecord(policy) ? policy.PolicyDocument : policy))
  return [...inline, ...attached.map(({ properties }) => properties.PolicyDocument)]
}

const parseDocument = (document: unknown): readonly RoleStatement[] => {
  if (!isRecord(document)) return notUnderstood('a role', 'PolicyDocument', document)
  return listed(document.Statement).map(parseStatement)
}

const known: ReadonlySet<string> = new Set(['Sid', 'Effect', 'Action', 'Resource', 'Condition'])

const parseStatement = (raw: unknown): RoleStatement => {
  if (!isRecord(raw)) return notUnderstood('a policy', 'Statement', raw)
  for (const key of Object.keys(raw)) if (!known.has(key)) notUnderstood('a statement', key, raw[key])
  const { Effect: effect, Condition } = raw
  if (effect !== 'Allow' && effect !== 'Deny') return notUnderstood('a statement', 'Effect', effect)
  const resources = listed(raw.Resource).map(rendered)
  const actions = listed(raw.Action).map(String)
  // policy variables, and intrinsics that `rendered` leaves as they are
  for (const text of resources) if (/[${}]/.test(text)) notUnderstood('a statement', 'Resource', text)
  if (actions.length === 0 || resources.length === 0) return notUnderstood('a statement', 'Action, Resource', raw)
  return { effect, actions, resources, ...(Condition !== undefined && conditionOf(Condition)) }
}

/** One operator on one key, and only these pairs. */
const conditionOf = (condition: unknown): Pick<RoleStatement, 'leadingKeys' | 'viaService'> => {
  const [[operator, keys] = [], ...others] = isRecord(condition) ? Object.entries(condition) : []
  const [[key, value] = [], ...more] = isRecord(keys) ? Object.entries(keys) : []
  if (others.length + more.length > 0) return notUnderstood('a statement', 'Condition', condition)
  switch (`${operator} ${key}`) {
    case 'ForAnyValue:StringLike dynamodb:LeadingKeys':
      return { leadingKeys: listed(value).map(String) }
    case 'StringEquals kms:ViaService':
      return { viaService: rendered(value) }
    case 'ArnEquals lambda:SourceFunctionArn':
      // holds for whatever the function's code asks, and the gate sees nothing else
      return {}
    default:
      return notUnderstood('a statement', 'Condition', condition)
  }
}

const notUnderstood = (where: string, what: string, got: unknown): never => {
  throw new Error(`${where}: ${what} is not evaluated: ${JSON.stringify(got)}; teach test/support/iam-*.ts to`)
}

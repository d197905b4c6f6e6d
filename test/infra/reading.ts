import type { Template } from 'aws-cdk-lib/assertions'

export interface Resource {
  readonly id: string
  readonly type: string
  readonly properties: Readonly<Record<string, unknown>>
  readonly deletionPolicy: unknown
  readonly dependsOn: readonly string[]
}

/** A statement of an identity's or a resource's policy, with its values as text. */
export interface Statement {
  /** The resource that the policy belongs to, without the hash of its logical id. */
  readonly owner: string
  readonly effect: string
  readonly actions: readonly string[]
  readonly resources: readonly string[]
  readonly condition: unknown
}

/** Cuts the hash that CDK appends to a logical id: `LockstepRunner2B438E69` → `Runner`. */
export const plainId = (logicalId: string): string => logicalId.replace(/^Lockstep/, '').replace(/[0-9A-F]{8}$/, '')

/** Writes a value with its intrinsics as text: `Fn::GetAtt` → `RunnerLog.Arn`, `Ref` → `ControlTable`. */
export const rendered = (value: unknown): string => {
  if (!isRecord(value)) return String(value)
  if (typeof value.Ref === 'string') return plainId(value.Ref)
  const [attribute, join] = [value['Fn::GetAtt'], value['Fn::Join']]
  if (Array.isArray(attribute)) return `${plainId(String(attribute[0]))}.${attribute[1]}`
  if (Array.isArray(join) && Array.isArray(join[1])) return join[1].map(rendered).join(String(join[0]))
  return JSON.stringify(value)
}

export const resourcesOf = (template: Template): readonly Resource[] => {
  const found: Record<string, Record<string, unknown>> = template.toJSON().Resources
  return Object.entries(found).map(([id, resource]) => ({
    id,
    type: String(resource.Type),
    properties: isRecord(resource.Properties) ? resource.Properties : {},
    deletionPolicy: resource.DeletionPolicy,
    dependsOn: listed(resource.DependsOn).map(String),
  }))
}

export const resourcesOfType = (template: Template, type: string): readonly Resource[] =>
  resourcesOf(template).filter((resource) => resource.type === type)

/** All statements of all policies: of roles, of queues, of buckets. */
export const statementsOf = (template: Template): readonly Statement[] =>
  resourcesOf(template).flatMap(({ id, properties }) => {
    const documents = [properties.PolicyDocument, properties.AssumeRolePolicyDocument, ...inlineDocuments(properties)]
    return documents.filter(isRecord).flatMap((document) => listed(document.Statement).map((raw) => statement(id, raw)))
  })

const inlineDocuments = ({ Policies }: Readonly<Record<string, unknown>>): readonly unknown[] =>
  listed(Policies).map((policy) => (isRecord(policy) ? policy.PolicyDocument : undefined))

const statement = (id: string, raw: unknown): Statement => {
  if (!isRecord(raw)) throw new Error(`${id} has a statement that is no object`)
  return {
    owner: plainId(id),
    effect: String(raw.Effect),
    actions: listed(raw.Action).map(String),
    resources: listed(raw.Resource).map(rendered),
    condition: raw.Condition,
  }
}

export const listed = (value: unknown): readonly unknown[] => {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

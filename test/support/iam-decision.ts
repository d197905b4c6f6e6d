import type { RoleStatement } from './iam-statements.ts'

/** What a request asks of IAM: one action on one resource, as the template names it. */
export interface Ask {
  readonly action: string
  readonly resource: string
  /** Partition keys of the items that a request to DynamoDB names. */
  readonly leadingKeys?: readonly string[]
  /** The service that asks KMS in the caller's name. */
  readonly viaService?: string
}

export type Decision = 'allowed' | 'denied' | 'not granted'

/** Decides as IAM does within one account: a matching Deny wins, then a matching Allow, else nothing is granted. */
export function decide(statements: readonly RoleStatement[], ask: Ask): Decision {
  const matching = statements.filter((statement) => matches(statement, ask))
  if (matching.some(({ effect }) => effect === 'Deny')) return 'denied'
  return matching.length > 0 ? 'allowed' : 'not granted'
}

/** Tells whether a text is like a pattern of IAM's: `*` stands for any characters, `?` for one. */
export const isLike = (text: string, pattern: string): boolean => {
  const source = pattern
    .replaceAll(/[.+^()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, 's').test(text)
}

const matches = ({ actions, resources, leadingKeys, viaService }: RoleStatement, ask: Ask): boolean =>
  actions.some((action) => isLike(ask.action.toLowerCase(), action.toLowerCase())) &&
  resources.some((resource) => isLike(ask.resource, resource)) &&
  (viaService === undefined || viaService === ask.viaService) &&
  (leadingKeys === undefined ||
    leadingKeys.some((pattern) => (ask.leadingKeys ?? []).some((key) => isLike(key, pattern))))

import type { Node } from 'constructs'
import { closestWord } from '../functions/domain/closest-word.ts'

/** What follows what is wrong with the context. */
export const remedy =
  'set it in cdk.json below "context", or with `cdk deploy -c key=value`; docs/aws.md has an example'

/**
 * Refuses keys of this app that nobody reads: a mistyped one would be a decision that does not hold.
 *
 * @throws Error that names each, and the key that was meant
 */
export function refuseUnknownKeys(node: Node, known: readonly string[]): void {
  const set: Readonly<Record<string, unknown>> = node.getAllContext()
  const unknown = Object.keys(set).filter((key) => key.startsWith('lockstep:') && !known.includes(key))
  if (unknown.length === 0) return
  const lines = unknown.map((key) => {
    const meant = closestWord(key, known)
    return `  ${key}: there is no such key${meant === undefined ? '' : `; did you mean ${meant}?`}`
  })
  throw new Error(`context is wrong:\n${lines.join('\n')}\n${remedy}`)
}

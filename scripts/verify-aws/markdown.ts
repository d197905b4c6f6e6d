import { relative } from 'node:path'
import type { AwsCheck } from './read-checks.ts'

/** Lays the checks out as the table of `docs/aws-unproved.md`. */
export const markdownOf = (checks: readonly AwsCheck[]): string =>
  [
    '| check | what only AWS can show | looks like, if it is wrong | wants, or leaves |',
    '|---|---|---|---|',
    ...checks.map(row),
    '',
  ].join('\n')

const row = ({ id, file, claim, wrong, wants, leaves }: AwsCheck): string => {
  const link = `[\`${id}\`](../scripts/verify-aws/${relative(import.meta.dirname, file)})`
  const more = [
    ...wants.map((want) => want.replace(/^\w+(?:=\w+)?/, '`$&`')),
    ...(leaves === undefined ? [] : [`leaves ${leaves}`]),
  ]
  return `| ${link} | ${claim} | ${wrong} | ${more.join('; ')} |`
}

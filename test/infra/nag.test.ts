import { AwsSolutionsChecks } from 'cdk-nag'
import { expect, test } from 'vitest'
import { makeStack } from './synthesize.ts'

test('given the stack, when AwsSolutions are checked, then nothing is found that is not acknowledged with its reason', () => {
  const stack = makeStack()
  const { violations } = new AwsSolutionsChecks(stack).validateScope(stack)
  expect(violations.map(({ ruleName }) => ruleName)).toEqual([])
})

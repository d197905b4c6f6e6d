import { describe, expect, test } from 'vitest'
import { token } from '../../functions/domain/types.ts'
import type { TargetFixture } from './target-database.ts'

export function indexTests(use: () => TargetFixture): void {
  describe('invalid indexes', () => {
    test('given a database without any, when they are listed, then there are none', async () => {
      const settings = await use().newDatabase()
      await using session = await use().database.connect(settings, token(1))
      expect(await session.invalidIndexes()).toEqual([])
    })

    test('given a build that failed, when they are listed, then its index is named with its table', async () => {
      const settings = await use().newDatabase()
      await use().leaveInvalidIndex(settings)
      await using session = await use().database.connect(settings, token(1))
      expect(await session.invalidIndexes()).toEqual([{ index: 'public."Broken"', table: 'public.twice' }])
    })
  })
}

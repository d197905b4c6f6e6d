import { describe, expect, test } from 'vitest'
import { token } from '../../functions/domain/types.ts'
import { until } from '../support/until.ts'
import type { TargetFixture } from './target-database.ts'

export function lockTests(use: () => TargetFixture): void {
  describe('the advisory lock', () => {
    const twoSessions = async () => {
      const { database, newDatabase } = use()
      const settings = await newDatabase()
      const first = await database.connect(settings, token(1))
      const second = await database.connect(settings, token(2))
      const dispose = async () => {
        await first[Symbol.asyncDispose]()
        await second[Symbol.asyncDispose]()
      }
      return { settings, first, second, [Symbol.asyncDispose]: dispose }
    }

    test('given nobody, when a session tries, then it is granted, also a second time', async () => {
      await using sessions = await twoSessions()
      expect(await sessions.first.tryLock()).toEqual({ granted: true })
      expect(await sessions.first.tryLock()).toEqual({ granted: true })
    })

    test('given a holder, when another session tries, then it is refused and told who holds', async () => {
      await using sessions = await twoSessions()
      const { first, second, settings } = sessions
      await first.tryLock()
      expect(await second.tryLock()).toEqual({
        granted: false,
        holder: { ...first.backend, applicationName: `lockstep:${settings.target}:1`, state: 'idle', token: 1 },
      })
    })

    test('given a holder, when its session ends, then another is granted', async () => {
      await using sessions = await twoSessions()
      await sessions.first.tryLock()
      await sessions.first[Symbol.asyncDispose]()
      const granted = await until(async () => ((await sessions.second.tryLock()).granted ? true : undefined))
      expect(granted).toBe(true)
    })

    test('given a holder, when it is terminated, then it is gone and its calls fail', async () => {
      await using sessions = await twoSessions()
      const { first, second } = sessions
      await first.tryLock()
      expect(await second.terminate(first.backend)).toBe(true)
      expect(await second.tryLock()).toEqual({ granted: true })
      await expect(first.readState()).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' })
    })

    test('given a pid that was used again, when its earlier user is terminated, then nobody is', async () => {
      await using sessions = await twoSessions()
      const { first, second } = sessions
      await first.tryLock()
      expect(await second.terminate({ ...first.backend, startedAt: '2020-01-01T00:00:00.000000Z' })).toBe(false)
      expect(await second.tryLock()).toMatchObject({ granted: false })
    })

    test('given a session that was killed, when it is used or disposed, then it fails as unreachable, and disposing does not', async () => {
      await using sessions = await twoSessions()
      await use().kill(sessions.settings, sessions.first.backend)
      await expect(sessions.first.tryLock()).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' })
      await expect(sessions.first[Symbol.asyncDispose]()).resolves.toBeUndefined()
      await expect(sessions.first[Symbol.asyncDispose]()).resolves.toBeUndefined()
    })
  })
}

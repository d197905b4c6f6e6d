import { describe, expect, it } from 'vitest'
import { emptyChain, verifyChain } from '../../functions/domain/audit-chain.ts'
import type { TargetSettings } from '../../functions/domain/settings.ts'
import { migrationName, type RunId, runId, type TargetName } from '../../functions/domain/types.ts'
import { draftOf, eventOf, newTarget, observe, receiptOf, targetName } from '../support/control-records.ts'
import { newKey } from '../support/signing.ts'
import type { ControlFixture } from './control-store.ts'

/** The ledger and the audit stream as they are read, and settings. */
export function readingTests(use: () => ControlFixture): void {
  describe('reading the ledger and the audit stream', () => {
    it('given names of all kinds, when the ledger is read, then it is in byte order', async () => {
      const { store } = use()
      const target = newTarget()
      const names = ['20251118_x', '20251118210258_y', '\u{1f600}', '\ufb33', 'a', 'B']
      const receipts = names.map((name, index) => receiptOf(run, index + 1, { migration: migrationName(name) }))
      await store.project({ target, seen: emptyChain, receipts, events: receipts.map(eventOf) })
      const read = (await store.readLedger(target)).map(({ migration }) => migration)
      expect(read).toEqual(['20251118210258_y', '20251118_x', 'B', 'a', '\ufb33', '\u{1f600}'])
    })

    it('given a chain, when it is read page by page, then the pages are the chain', async () => {
      const { store } = use()
      const target = newTarget()
      const events = Array.from({ length: 12 }, () => draftOf(run))
      await store.project({ target, seen: emptyChain, receipts: [], events })
      const pages = [
        await store.readAudit(target, 0, 5),
        await store.readAudit(target, 5, 5),
        await store.readAudit(target, 10, 5),
      ]
      expect(pages.map((page) => page.map(({ seq }) => seq))).toEqual([
        [1, 2, 3, 4, 5],
        [6, 7, 8, 9, 10],
        [11, 12],
      ])
      expect(await store.readAudit(target, 12, 5)).toEqual([])
    })

    it('given an event with data of every kind, when it is read, then its hash can be computed again', async () => {
      const { store } = use()
      const target = newTarget()
      const data = {
        text: 'ü\u{1f600}\n',
        empty: '',
        none: null,
        no: false,
        n: 0.1,
        big: 2 ** 53 - 1,
        list: [1, 'a', [], {}],
        gone: undefined,
      }
      await store.project({ target, seen: emptyChain, receipts: [], events: [draftOf(run, { data })] })
      const { chain, events } = await observe(store, target)
      expect(events[0]?.data).toEqual({ ...data, gone: undefined })
      expect(verifyChain(events, chain)).toMatchObject({ intact: true })
    })
  })

  describe('settings', () => {
    it('given a target that was never declared, when its settings are read, then there are none', async () => {
      expect(await use().store.readSettings(newTarget())).toBeUndefined()
    })

    it('given declared settings, when they are read, then they are the same', async () => {
      const { store, putSettings } = use()
      const settings = settingsOf(newTarget())
      await putSettings(settings)
      expect(await store.readSettings(settings.target)).toEqual(settings)
    })
  })
}

const run: RunId = runId('r-1')

const settingsOf = (target: TargetName): TargetSettings => ({
  target,
  connection: {
    host: '127.0.0.1',
    port: 5432,
    database: 'shop',
    user: 'runner',
    credential: { kind: 'password', password: 'secret' },
    tls: 'off',
  },
  applicationRole: 'shop_app',
  searchPath: 'public',
  lockTimeoutMs: 5_000,
  statementTimeoutMs: 0,
  leaseMs: 30_000,
  heartbeatMs: 7_500,
  policy: {
    outOfOrder: 'apply',
    requireManifest: false,
    requireCertificate: false,
    signers: [newKey('release').signer],
    after: targetName('staging'),
    stepAttempts: 5,
    faultAttempts: 10,
    faultWindowMs: 900_000,
    keepBytes: 1_073_741_824,
    keepRows: 10_000_000,
  },
  limits: { files: 1, fileBytes: 2, inflatedBytes: 3, ratio: 4 },
})

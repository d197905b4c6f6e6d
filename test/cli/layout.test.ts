import { describe, expect, test } from 'vitest'
import { emptyChain } from '../../functions/domain/audit-chain.ts'
import { sha256 } from '../../functions/domain/checksum.ts'
import { LockstepError, toFailure } from '../../functions/domain/errors.ts'
import type { LedgerEntry, LockRecord, RunRecord } from '../../functions/domain/records.ts'
import { instant, isTargetName, migrationName, revision, runId, token } from '../../functions/domain/types.ts'
import { failureText } from '../../scripts/cli/failure-text.ts'
import type { Output } from '../../scripts/cli/output.ts'
import { shorten } from '../../scripts/cli/output.ts'
import { nameWidth, stepLine, summaryOf } from '../../scripts/cli/run-display.ts'
import { statusText } from '../../scripts/cli/status-text.ts'
import { table } from '../../scripts/cli/table.ts'

/** An output without colours, for what is laid out as text. */
const outputOf = (columns: number): Output => ({
  json: false,
  columns,
  live: false,
  line: () => {},
  errorLine: () => {},
  raw: () => {},
  paint: (_paint, text) => text,
})
const narrow = outputOf(80)
const wide = outputOf(Number.POSITIVE_INFINITY)

const step = (migration: string, durationMs: number, outOfOrder = false) =>
  ({ migration, outcome: 'applied', durationMs, outOfOrder }) as const

describe('the lines of a run', () => {
  const names = ['1_short', `2_${'long'.repeat(15)}`, `3_${'longer'.repeat(20)}`]

  test('given short and long names on 80 columns, when shown, then the durations are aligned and no line is wider', () => {
    const width = nameWidth(narrow, names)
    const lines = names.map((name) => stepLine(step(name, 12), width, narrow))
    expect(new Set(lines.map((line) => line.length)).size).toBe(1)
    expect(lines[0]?.length).toBeLessThanOrEqual(80)
  })

  test('given a name longer than the terminal, when shown, then its beginning and end are left', () => {
    const line = stepLine(step(names[2] ?? '', 12), nameWidth(narrow, names), narrow)
    expect(line).toMatch(/^ {2}✓ 3_longer.*….*longer {5}12 ms$/)
  })

  test('given no terminal, when a very long name is shown, then it is whole and the others keep their column', () => {
    const width = nameWidth(wide, names)
    expect(stepLine(step(names[2] ?? '', 12), width, wide)).toContain(names[2])
    expect(stepLine(step('1_short', 12), width, wide)).toBe(`  ✓ ${'1_short'.padEnd(72)}     12 ms`)
  })

  test('given a step out of order, when shown, then that is said inside the column of names', () => {
    const width = nameWidth(narrow, names)
    const line = stepLine(step('1_short', 12, true), width, narrow)
    expect(line).toContain('1_short (out of order) ')
    expect(line).toHaveLength(stepLine(step('1_short', 12), width, narrow).length)
  })
})

const target = 'orders'
if (!isTargetName(target)) throw new Error('not a target name')
const at = instant(new Date(Date.now() - 90_000))

const run = (more: Partial<RunRecord> = {}): RunRecord => ({
  id: runId('r-1'),
  target,
  direction: 'up',
  work: { kind: 'bundle', object: { bucket: 'b', key: 'k' } },
  actor: { kind: 'claimed', name: 'a', requestId: 'r' },
  state: 'SUCCEEDED',
  starts: 0,
  faults: 0,
  createdAt: at,
  startedAt: instant(new Date('2026-11-24T12:00:00.000Z')),
  finishedAt: instant(new Date('2026-11-24T12:00:01.500Z')),
  applied: 2,
  notices: [],
  ...more,
})

describe('the summary of a run', () => {
  test.each([
    [run(), '✓ 2 migrations applied in 1.50 s'],
    [run({ applied: 1 }), '✓ 1 migration applied in 1.50 s'],
    [run({ applied: 0 }), '✓ nothing to do: the target has every migration of this bundle'],
    [run({ state: 'FAILED', applied: 1 }), '✗ failed in 1.50 s, 1 migration applied'],
    [run({ state: 'REFUSED', applied: 0 }), '✗ refused: nothing was run'],
  ])('given %o, when it is over, then its line is %s', (record, line) => {
    expect(summaryOf(record, narrow)).toBe(line)
  })
})

const entry = (migration: string, state: LedgerEntry['state'] = 'APPLIED'): LedgerEntry => ({
  migration: migrationName(migration),
  state,
  checksum: sha256('x'),
  receipt: { token: token(1), n: 1 },
  run: runId('r-1'),
  bundle: sha256('b'),
  at,
  durationMs: 12,
  outOfOrder: false,
})

const held: LockRecord = {
  target,
  lockState: 'HELD',
  token: token(7),
  revision: revision('v'),
  leaseMs: 30_000,
  ownerRun: runId('r-1'),
  attachedOnce: true,
  heartbeatAt: at,
  phase: 'APPLYING',
  migration: migrationName('2_b'),
}

describe('the status of a target', () => {
  const status = { target, lock: null, chain: emptyChain, runs: [], ledger: [] }
  const textOf = (more: Partial<Parameters<typeof statusText>[0]>): string =>
    statusText({ ...status, ...more }, narrow).join('\n')

  test('given a target that nobody used, when shown, then it says so', () => {
    expect(textOf({})).toBe('target  orders\nlock    free; nobody ever held it\naudit   no events\n\nno runs yet')
  })

  test('given a held lock, when shown, then holder, phase and since when are told', () => {
    const text = textOf({ lock: held, runs: [run({ state: 'RUNNING', startedAt: at })] })
    expect(text).toContain('lock    held by r-1 since 1 min ago · token 7')
    expect(text).toContain('now     applying · 2_b')
  })

  test('given a newest run that failed, when shown, then its error is shown, and not that of an older one', () => {
    const failure = (message: string) => toFailure(new LockstepError('MIGRATION_FAILED', message))
    const failed = (message: string) => run({ state: 'FAILED', failure: failure(message) })
    expect(textOf({ runs: [failed('newest'), failed('older')] })).toMatch(/error MIGRATION_FAILED: newest\n→ correct/)
    expect(textOf({ runs: [run(), failed('older')] })).not.toContain('older')
  })

  test('given a run that crashed without a failure, when shown, then its own code is', () => {
    expect(textOf({ runs: [run({ state: 'CRASHED' })] })).toContain('error RUN_CRASHED: ')
  })

  test('given migrations in every state, when shown, then each has its mark and they are counted', () => {
    const text = textOf({ ledger: [entry('1_a'), entry('2_b', 'REVERTED'), entry('3_c', 'FAILED'), entry('4_d')] })
    expect(text).toContain('ledger  2 applied, 1 reverted, 1 failed')
    expect(text).toContain('✓ 1_a')
    expect(text).toContain('↩ 2_b')
    expect(text).toContain('✗ 3_c')
  })

  test('given a long ledger, when shown, then the newest are and the others are counted', () => {
    const text = textOf({ ledger: Array.from({ length: 30 }, (_, index) => entry(`${index + 10}_m`)) })
    expect(text).toContain('… 5 earlier ones')
    expect(text).toContain('39_m')
    expect(text).not.toContain('14_m')
  })
})

describe('a failure', () => {
  test('given names beyond the message, when shown, then the first twelve stand below it', () => {
    const names = Array.from({ length: 15 }, (_, index) => `${index + 10}_edited`)
    const lines = failureText(toFailure(new LockstepError('MIGRATION_EDITED', '15 were edited', { names })), narrow)
    expect(lines.filter((line) => line.startsWith('  - '))).toHaveLength(12)
    expect(lines).toContain('  … and 3 more')
  })

  test('given a server that answers with control characters, when shown, then they are made harmless', () => {
    const error = new LockstepError('MIGRATION_FAILED', 'a\u001b[2Jb', { detail: 'c\u0007d', serverHint: 'e\u009bf' })
    expect(failureText(toFailure(error), narrow).filter((line) => /\p{Cc}/u.test(line))).toEqual([])
  })
})

test('given cells of many widths, when laid out, then columns align and nothing trails', () => {
  const rows = [
    ['RUN', 'N', 'X'],
    ['long one', '12', ''],
    ['a', '3', 'x'],
  ]
  expect(table(rows, ['left', 'right'])).toEqual(['RUN        N  X', 'long one  12', 'a          3  x'])
})

test.each([
  ['abcdefgh', 8, 'abcdefgh'],
  ['abcdefgh', 5, 'ab…gh'],
  ['abcdefgh', 4, 'ab…h'],
])('given %s and %d columns, when shortened, then it is %s', (text, columns, short) => {
  expect(shorten(text, columns)).toBe(short)
})

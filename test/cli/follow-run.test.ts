import { describe, expect, test } from 'vitest'
import { chainEvents, emptyChain } from '../../functions/domain/audit-chain.ts'
import { LockstepError } from '../../functions/domain/errors.ts'
import type { LockRecord, RunRecord, RunState } from '../../functions/domain/records.ts'
import { instant, isTargetName, revision, runId, token } from '../../functions/domain/types.ts'
import type { StatusAnswer } from '../../functions/engine/status.ts'
import type { Clock } from '../../functions/engine/system.ts'
import { type FollowOptions, followRun, type Sighting } from '../../scripts/cli/follow-run.ts'
import type { AskStatus } from '../../scripts/cli/ports.ts'
import { refusalOf } from '../support/refusal.ts'

const name = 'orders'
if (!isTargetName(name)) throw new Error('not a target name')
const target = name
const mine = runId('r-mine')
const other = runId('r-other')
const now = instant(new Date(0))

const runIn = (state: RunState, id = mine): RunRecord => ({
  id,
  target,
  direction: 'up',
  work: { kind: 'bundle', object: { bucket: 'b', key: 'k' } },
  actor: { kind: 'claimed', name: 'a', requestId: 'r' },
  state,
  starts: 1,
  faults: 0,
  createdAt: now,
  applied: 0,
  notices: [],
})

const draft = (run = mine, migration = '1_a') =>
  ({ type: 'migration.applied', at: now, run, actor: 'a', data: { migration } }) as const
const events = chainEvents(target, emptyChain, [draft(), draft(other), draft(mine, '2_b')])

const lockOf = (ownerRun: typeof mine): LockRecord => ({
  target,
  lockState: 'HELD',
  token: token(1),
  revision: revision('v'),
  leaseMs: 30_000,
  ownerRun,
  attachedOnce: true,
})

const answer = (parts: Partial<StatusAnswer> = {}): StatusAnswer => ({
  target,
  lock: null,
  runs: [],
  chain: emptyChain,
  events: [],
  ledger: [],
  ...parts,
})

/** Answers in turn, the last one for ever; an error in the list is thrown. */
const answering = (...answers: readonly (StatusAnswer | LockstepError)[]) => {
  const asked: (number | undefined)[] = []
  const ask: AskStatus = async ({ eventsAfter }) => {
    asked.push(eventsAfter)
    const next = answers[Math.min(asked.length, answers.length) - 1]
    if (next === undefined || next instanceof LockstepError) throw next
    return next
  }
  return { ask, asked }
}

/** A clock that only sleeping moves. */
const fakeClock = () => {
  const pauses: number[] = []
  const clock: Clock = {
    now: () => now,
    monotonicMs: () => pauses.reduce((sum, ms) => sum + ms, 0),
    sleep: async (ms) => {
      pauses.push(ms)
    },
  }
  return { clock, pauses }
}

const options = (more: Partial<FollowOptions> = {}): FollowOptions => ({
  target,
  run: mine,
  eventsAfter: 0,
  timeoutMs: 60_000,
  signal: new AbortController().signal,
  clock: fakeClock().clock,
  ...more,
})

const collect = async (ask: AskStatus, given: FollowOptions): Promise<Sighting[]> => {
  const sightings: Sighting[] = []
  for await (const sighting of followRun(ask, given)) sightings.push(sighting)
  return sightings
}

describe('following a run', () => {
  test('given events of two runs, when followed, then only the own ones are seen, each once', async () => {
    const { ask, asked } = answering(
      answer({ runs: [runIn('RUNNING')], events: events.slice(0, 2) }),
      answer({ runs: [runIn('RUNNING')], events: events.slice(2) }),
      answer({ runs: [runIn('SUCCEEDED')] }),
    )
    const seen = (await collect(ask, options())).flatMap((sighting) => sighting.events.map(({ seq }) => seq))
    expect(seen).toEqual([1, 3])
    expect(asked).toEqual([0, 2, 3, 3])
  })

  test('given a run seen over before its last events, when followed, then they are still seen', async () => {
    const { ask } = answering(
      answer({ runs: [runIn('SUCCEEDED')] }),
      answer({ runs: [runIn('SUCCEEDED')], events }),
      answer({ runs: [runIn('SUCCEEDED')] }),
    )
    const sightings = await collect(ask, options())
    expect(sightings.flatMap((sighting) => sighting.events)).toHaveLength(2)
    expect(sightings.at(-1)?.run?.state).toBe('SUCCEEDED')
  })

  test('given a target that nobody has met, when followed, then it is waited for', async () => {
    const unknown = new LockstepError('TARGET_UNKNOWN', 'no target')
    const { ask } = answering(unknown, unknown, answer({ runs: [runIn('SUCCEEDED')] }))
    expect((await collect(ask, options())).map(({ run }) => run?.state)).toEqual([undefined, undefined, 'SUCCEEDED'])
  })

  test('given nothing new for long, when followed, then it asks ever less often, at least every two seconds', async () => {
    const { clock, pauses } = fakeClock()
    const quiet = Array.from({ length: 14 }, () => answer({ runs: [runIn('RUNNING')] }))
    await collect(answering(...quiet, answer({ runs: [runIn('SUCCEEDED')] })).ask, options({ clock }))
    expect(pauses).toEqual(pauses.toSorted((a, b) => a - b))
    expect(Math.max(...pauses)).toBe(2_000)
  })

  test.each([
    ['nobody takes the upload', {}, 'was taken from the queue by nobody'],
    [
      'another run holds the lease',
      { runs: [runIn('QUEUED')], lock: lockOf(other) },
      'waits for the lease of run r-other',
    ],
    ['it works on', { runs: [runIn('RUNNING')], lock: lockOf(mine) }, 'was RUNNING'],
  ])('given a timeout while %s, when it is over, then that is said', async (_name, parts, reason) => {
    const refusal = await refusalOf(() => collect(answering(answer(parts)).ask, options({ timeoutMs: 5_000 })))
    expect(refusal.code).toBe('WAIT_TIMED_OUT')
    expect(refusal.message).toBe(`run r-mine ${reason} after 5.00 s`)
    expect(refusal.hint).toBe('the run goes on; follow it with `lockstep status --target orders --run r-mine`')
  })

  test('given an interrupt, when followed, then it stops and says that the run goes on', async () => {
    const controller = new AbortController()
    const ask: AskStatus = async () => {
      controller.abort()
      return answer({ runs: [runIn('RUNNING')] })
    }
    const refusal = await refusalOf(() => collect(ask, options({ signal: controller.signal })))
    expect(refusal.code).toBe('INTERRUPTED')
    expect(refusal.hint).toContain('the run goes on')
  })

  const silence = new LockstepError('AWS_UNREACHABLE', 'connect ECONNREFUSED')

  test('given four failed looks in a row, when the fifth answers, then it goes on', async () => {
    const { ask } = answering(silence, silence, silence, silence, answer({ runs: [runIn('SUCCEEDED')] }))
    expect(await collect(ask, options())).toHaveLength(1)
  })

  test('given five failed looks in a row, when followed, then it gives up and says that the run goes on', async () => {
    const { ask, asked } = answering(silence)
    const refusal = await refusalOf(() => collect(ask, options()))
    expect(refusal.code).toBe('AWS_UNREACHABLE')
    expect(refusal.hint).toContain('the run goes on')
    expect(asked).toHaveLength(5)
  })
})

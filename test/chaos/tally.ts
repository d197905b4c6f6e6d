import type { TargetName } from '../../functions/domain/types.ts'

export type FaultKind =
  | 'runner killed'
  | 'front killed'
  | 'rollback front killed'
  | 'connections cut'
  | 'all connections cut'
  | 'network frozen'
  | 'runner stopped past its lease'
  | 'server restarted'
  | 'server crashed'

/** Keeps count of what was done to the targets, and of how long each took to move on. */
export interface Tally {
  /** Notes a fault; it is over when every victim has a new receipt or its end. */
  hit(kind: FaultKind, victims: readonly TargetName[]): void
  /** Notes that a target has a new receipt, or is done. */
  moved(target: TargetName): void
  count(
    what: 'targets' | 'runs' | 'rivals' | 'pushed again' | 'rollbacks' | 'confirmed again' | 'unreachable' | 'crashed',
  ): void
  /** Faults that some victim has not got over. */
  pending(): number
  summary(seed: number): string
}

interface Fault {
  readonly kind: FaultKind
  readonly atMs: number
  readonly waiting: Set<TargetName>
}

/** Opens an empty tally. */
export function openTally(): Tally {
  const startedMs = performance.now()
  const byKind = new Map<FaultKind, number>()
  const counts = new Map<string, number>()
  const pending = new Set<Fault>()
  const recoveries: { readonly kind: FaultKind; readonly ms: number }[] = []
  const moved = (target: TargetName): void => {
    for (const fault of pending) {
      fault.waiting.delete(target)
      if (fault.waiting.size > 0) continue
      pending.delete(fault)
      recoveries.push({ kind: fault.kind, ms: performance.now() - fault.atMs })
    }
  }
  return {
    moved,
    hit(kind, victims) {
      byKind.set(kind, (byKind.get(kind) ?? 0) + 1)
      pending.add({ kind, atMs: performance.now(), waiting: new Set(victims) })
    },
    count: (what) => void counts.set(what, (counts.get(what) ?? 0) + 1),
    pending: () => pending.size,
    summary(seed) {
      const of = (what: string): number => counts.get(what) ?? 0
      const sorted = recoveries.toSorted((a, b) => a.ms - b.ms)
      const longest = sorted.at(-1)
      const faults = [...byKind.values()].reduce((sum, count) => sum + count, 0)
      return [
        `seed ${seed}: ${faults} faults in ${seconds(performance.now() - startedMs)}`,
        ...[...byKind].sort().map(([kind, count]) => `  ${String(count).padStart(4)}  ${kind}`),
        `recoveries ${recoveries.length}, median ${seconds(sorted[sorted.length >> 1]?.ms)}, longest ${seconds(longest?.ms)} (${longest?.kind})`,
        `targets ${of('targets')}, runs ${of('runs')}: ${of('rivals')} rivals of stopped runners, ${of('pushed again')} pushed again`,
        `rollbacks ${of('rollbacks')}, confirmed or asked again ${of('confirmed again')} times`,
        `runs that ended unreachable ${of('unreachable')}, crashed ${of('crashed')}`,
      ].join('\n')
    },
  }
}

const seconds = (ms = 0): string => `${(ms / 1000).toFixed(1)} s`

import { LockstepError } from '../../functions/domain/errors.ts'
import { openShadow, type Shadow } from '../shadow/shadow.ts'
import { watchInterrupt } from './interrupt.ts'
import { showProgress } from './live-line.ts'
import type { Output } from './output.ts'

/** Where work says how far it is, and writes lines that stay. */
interface Progress {
  say(text: string): void
  above(line: string): void
}

export interface ShadowWork<T> {
  readonly output: Output
  /** A server to use; without it one is started. */
  readonly shadowUrl: string | undefined
  act(shadow: Shadow, progress: Progress): Promise<T>
}

/**
 * Does something on a throwaway server, which is gone afterwards, also after Ctrl-C.
 *
 * @throws LockstepError INTERRUPTED, and what opening a shadow throws
 */
export async function withShadow<T>({ output, shadowUrl, act }: ShadowWork<T>): Promise<T> {
  using interrupt = watchInterrupt()
  return await showProgress(output, async (say, above) => {
    say(shadowUrl === undefined ? 'starting a throwaway PostgreSQL' : 'connecting')
    await using shadow = await openShadow(shadowUrl)
    const work = act(shadow, { say, above })
    // what the work still says after its databases were dropped below it is of no interest
    work.catch(() => {})
    return await Promise.race([work, interruption(interrupt.signal)])
  })
}

const interruption = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const stop = (): void => reject(new LockstepError('INTERRUPTED', 'stopped; the scratch databases are gone'))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })

import { exitCodes } from '../../functions/domain/error-table.ts'

/** A signal that is aborted by the first Ctrl-C (or SIGTERM); the second one ends the process at once. */
export interface Interrupt extends Disposable {
  readonly signal: AbortSignal
}

const signals = ['SIGINT', 'SIGTERM'] as const

/** Watches for an interrupt until it is disposed. */
export function watchInterrupt(): Interrupt {
  const controller = new AbortController()
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted)
    controller.abort()
  }
  for (const name of signals) process.on(name, stop)
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const name of signals) process.off(name, stop)
    },
  }
}

import type { MessageHandle, Queue } from '../../functions/engine/queue.ts'

/** A queue in memory that remembers what it was told of each message. */
export interface MemoryQueue extends Queue {
  readonly visibility: Map<string, number[]>
  readonly deadLetters: MessageHandle[]
}

export function memoryQueue(): MemoryQueue {
  const visibility = new Map<string, number[]>()
  const deadLetters: MessageHandle[] = []
  return {
    visibility,
    deadLetters,
    setVisibility: async ({ receipt }, seconds) => {
      visibility.set(receipt, [...(visibility.get(receipt) ?? []), seconds])
    },
    copyToDeadLetters: async (message) => {
      deadLetters.push(message)
    },
  }
}

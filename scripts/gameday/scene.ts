import type { Stage } from './stage.ts'

/** A piece of a game day: makes the conditions of some alarms happen. */
export interface Scene {
  /** `alone`: ends processes, which it finds by their being the only busy ones. */
  readonly place: 'alone' | 'beside others'
  /** What happens, by the alarm that has to go off. */
  readonly conditions: Readonly<Record<string, string>>
  play(stage: Stage): Promise<void>
}

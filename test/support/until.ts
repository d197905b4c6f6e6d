import { eventually } from './eventually.ts'

/** Asks until there is an answer, and returns it. @param probe undefined means: not yet */
export async function until<T>(probe: () => Promise<T | undefined>, withinMs?: number): Promise<T> {
  let found: T | undefined
  await eventually(async () => {
    found = await probe()
    return found !== undefined
  }, withinMs)
  return found as T
}

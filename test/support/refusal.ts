import { LockstepError } from '../../functions/domain/errors.ts'

/** Runs an act that must be refused, and returns its error; any other outcome fails the test. */
export async function refusalOf(act: () => unknown): Promise<LockstepError> {
  try {
    await act()
  } catch (thrown) {
    if (thrown instanceof LockstepError) return thrown
    throw thrown
  }
  throw new Error('expected a refusal, nothing was thrown')
}

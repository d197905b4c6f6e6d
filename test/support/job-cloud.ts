import type { EmbeddedCloud } from '../../scripts/local/cloud.ts'
import { startTestCloud, type TestCloud, testCloudOn } from './e2e-cloud.ts'
import { givenEmulator } from './emulator.ts'
import { startEmulatorCloud } from './emulator-cloud.ts'

/** As much of a cloud as a test of the main job looks at, wherever its storage is. */
export type JobCloud = TestCloud<Pick<EmbeddedCloud, 'databaseUrl' | 'ensureTarget' | 'environment' | 'events'>>

/** Starts the embedded cloud, or the functions beside the emulator of `npm run test:emulator`. */
export async function startJobCloud(): Promise<JobCloud> {
  const emulator = givenEmulator()
  if (emulator === undefined) return await startTestCloud()
  const cloud = await startEmulatorCloud(emulator)
  return testCloudOn(cloud, { beforeUpload: cloud.ensureTarget, stop: cloud.stop })
}

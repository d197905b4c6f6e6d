import { defineConfig } from 'vitest/config'

/** One project a folder of `test/`; the slow ones start real servers once per run through their global setup. */
const project = (name: string, options: Record<string, unknown> = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], environment: 'node', ...options },
})

const withServers = { globalSetup: ['test/support/servers.ts'], testTimeout: 60_000, hookTimeout: 60_000 }

/** `.ci/run` reads its totals from this report. */
const reportFile = process.env.LOCKSTEP_TEST_REPORT
const jsonReport = reportFile === undefined ? {} : { outputFile: { json: reportFile } }
const reporters = reportFile === undefined ? ['default'] : ['default', 'json']

export default defineConfig({
  test: {
    reporters,
    ...jsonReport,
    projects: [
      project('domain'),
      project('engine'),
      project('house'),
      project('infra', { testTimeout: 120_000, hookTimeout: 120_000 }),
      project('contract', withServers),
      project('real', withServers),
      project('fault', withServers),
      project('cli', { testTimeout: 120_000, hookTimeout: 120_000 }),
      project('e2e', { testTimeout: 300_000, hookTimeout: 120_000, fileParallelism: false }),
    ],
  },
})

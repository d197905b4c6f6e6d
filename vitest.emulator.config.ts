import { defineConfig } from 'vitest/config'

/**
 * The contracts, and the way of bundles there and back, on somebody else's S3, SQS, DynamoDB and PostgreSQL: those of
 * docker-compose.yml, or any others.
 */
const needed = ['AWS_ENDPOINT_URL', 'DATABASE_URL']
const missing = needed.filter((name) => !process.env[name])
if (missing.length > 0) {
  process.stderr.write(
    `test:emulator needs ${needed.join(' and ')}, missing: ${missing.join(', ')}; with docker-compose.yml:\n` +
      '  docker compose up --wait\n' +
      '  AWS_ENDPOINT_URL=http://127.0.0.1:4566 DATABASE_URL=postgresql://postgres:lockstep@127.0.0.1:5432/postgres npm run test:emulator\n',
  )
  process.exit(2)
}

/** Emulators take any credentials; these are theirs, so that the caller's own never leave the machine. */
const env = {
  LOCKSTEP_TEST_PLACE: 'emulator',
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_SESSION_TOKEN: 'test',
}

/** An emulator takes ten times as long as the bundled servers. */
const patience = { testTimeout: 600_000, hookTimeout: 120_000, environment: 'node' } as const

/** The tests that look at nothing but what every cloud has; the others stop servers, or look into their files. */
const endToEnd = ['main-job', 'rollback', 'kept', 'promotion', 'unlock'].map((name) => `test/e2e/${name}.test.ts`)

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'contract', include: ['test/contract/**/*.test.ts'], env, ...patience } },
      { test: { name: 'e2e', include: endToEnd, env, ...patience } },
    ],
  },
})

import { defineConfig } from 'vitest/config'

/** Real processes are killed at random while real histories are applied: minutes, so no part of `npm test`. */
// biome-ignore lint/style/noDefaultExport: what vitest reads
export default defineConfig({
  test: { projects: [{ test: { name: 'chaos', include: ['test/chaos/**/*.test.ts'], environment: 'node' } }] },
})

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { loadSqlParser } from '../../functions/adapters/libpg-parser.ts'
import { compareBytes } from '../../functions/domain/byte-order.ts'

/**
 * Runs the migrations of a folder as `psql -f` does: file after file, each statement a message of its own, nothing around them, so
 * that a file's own BEGIN and COMMIT are what they say. Knows nothing of Lockstep but its parser, which only splits.
 *
 * @param role the role that what is made belongs to
 */
export async function applyPlainly(url: string, folder: string, role?: string): Promise<void> {
  const parse = await loadSqlParser()
  for (const file of migrationFiles(folder)) {
    const text = readFileSync(file)
    const parsed = parse(text.toString('utf8'))
    if (!parsed.ok) throw new Error(`${file}: ${parsed.error.message}`)
    // A session a file, as one psql a file has.
    const client = new Client({ connectionString: url })
    await client.connect()
    try {
      if (role !== undefined) await client.query(`set role "${role}"`)
      for (const { startByte, endByte } of parsed.statements) {
        await client.query(text.toString('utf8', startByte, endByte)).catch((error: unknown) => {
          throw new Error(`${file}: ${error instanceof Error ? error.message : error}`)
        })
      }
    } finally {
      await client.end()
    }
  }
}

const migrationFiles = (folder: string): readonly string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() || /(?<!\.down|\.verify)\.sql$/.test(entry.name))
    .sort((a, b) => compareBytes(a.name.replace(/\.sql$/, ''), b.name.replace(/\.sql$/, '')))
    .map((entry) => (entry.isDirectory() ? join(folder, entry.name, 'migration.sql') : join(folder, entry.name)))

import { packBundle } from '../../functions/adapters/bundle-writer.ts'
import { sha256 } from '../../functions/domain/checksum.ts'
import { memoryFiles } from './memory-files.ts'

/** Run by itself: packs one history and prints the hash of the bundle, to be compared between time zones and umasks. */
const history = memoryFiles({
  '1_a/migration.sql': 'create table a (id int);\n',
  '2_b.sql': 'select 1;\n'.repeat(1000),
})
process.stdout.write(`${sha256(await packBundle(history, { source: { commit: 'abc' } }))}\n`)

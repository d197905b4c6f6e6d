import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const functions = join(import.meta.dirname, '../../functions')

/** Compiles a megabyte of inserts in a process of its own and prints the most memory that it had, in MB. */
const program = `
  import { loadSqlParser } from '${functions}/adapters/libpg-parser.ts'
  import { compileText } from '${functions}/domain/compile-text.ts'
  const text = "insert into t (a, b) values (1234, 'some text, é', null, true);\\n".repeat(15_000)
  compileText({ path: 'm', text, role: 'up' }, await loadSqlParser())
  console.log(Math.round(process.resourceUsage().maxRSS / 1024))
`

test('given a megabyte of statements, when it is compiled, then it fits a small function by far', () => {
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' })
  expect(Number(stdout)).toBeGreaterThan(0)
  expect(Number(stdout)).toBeLessThan(350)
}, 60_000)

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..', '..')
const page = readFileSync(join(root, 'docs', 'security.md'), 'utf8')
const checks = readdirSync(join(root, 'scripts', 'verify-aws', 'checks')).map((file) =>
  file.replace(/^\d+-|\.sh$/g, ''),
)

const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && line.split(' | ').length === 5)
  .map((line) => line.replace(/^\| | \|$/g, '').split(' | '))
  .filter(([who]) => who !== 'who')
const quoted = (text: string): readonly string[] => [...text.matchAll(/`([\w/-]+)`/g)].map(([, name = '']) => name)
const isProof = (name: string): boolean => checks.includes(name) || existsSync(join(root, 'test', `${name}.test.ts`))

describe('docs/security.md', () => {
  test('given its threats, when they are counted, then there are as many as the table has', () => {
    expect(rows.length).toBeGreaterThan(20)
  })

  test.each(rows.map((cells) => [cells[0], cells[1], cells.at(-1) ?? ''] as const))(
    'given %s who wants to %s, when what shows it is looked up, then it is there, or said to be none of ours',
    (_, __, shown) => {
      if (shown.startsWith('none: ')) return
      expect(quoted(shown).length).toBeGreaterThan(0)
      expect(quoted(shown).filter((name) => !isProof(name))).toEqual([])
    },
  )

  test('given the tests that it names elsewhere, when they are looked up, then they are there', () => {
    const folders = readdirSync(join(root, 'test')).join('|')
    const named = quoted(page).filter((name) => new RegExp(`^(?:${folders})/[\\w-]+$`).test(name))
    expect(named.filter((name) => !isProof(name))).toEqual([])
  })
})

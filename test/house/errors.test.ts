import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { errorTable, exitCodes } from '../../functions/domain/error-table.ts'

const root = resolve(import.meta.dirname, '..', '..')
const documented = readFileSync(join(root, 'docs', 'errors.md'), 'utf8')

const sourceText = ['functions', 'scripts', 'infra']
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && entry.name !== 'error-table.ts')
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8')),
  )
  .join('\n')

test('given the error table, when docs/errors.md is read, then each code stands there with its exit code and hint', () => {
  const rows = Object.entries(errorTable).map(
    ([code, { kind, hint }]) => `| \`${code}\` | ${exitCodes[kind]} | ${hint} |`,
  )
  expect(rows.filter((row) => !documented.includes(row))).toEqual([])
})

test('given docs/errors.md, when its codes are read, then each is in the error table', () => {
  const codes = [...documented.matchAll(/^\| `([A-Z0-9_]+)` \|/gm)].map((match) => match[1] ?? '')
  expect(codes.filter((code) => !(code in errorTable))).toEqual([])
})

test('given the error table, when the code is searched, then each code is thrown somewhere', () => {
  expect(Object.keys(errorTable).filter((code) => !sourceText.includes(`'${code}'`))).toEqual([])
})

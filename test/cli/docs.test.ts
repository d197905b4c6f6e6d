import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { exitCodes } from '../../functions/domain/error-table.ts'
import { createProgram } from '../../scripts/cli/program.ts'

const docs = readFileSync(resolve(import.meta.dirname, '..', '..', 'docs', 'cli.md'), 'utf8')

const program = createProgram({ write: () => {}, writeError: () => {}, act: async () => {} })

/** The commands that do something: those without verbs below them. */
const leaves = (command: Command, path: readonly string[] = []): { path: string; command: Command }[] =>
  command.commands.length === 0
    ? [{ path: path.join(' '), command }]
    : command.commands.flatMap((verb) => leaves(verb, [...path, verb.name()]))

const commands = leaves(program)

test('given every command, when docs/cli.md is read, then each has its place in a heading', () => {
  const headings = docs.split('\n').filter((line) => line.startsWith('### '))
  const paths = commands.map(({ path }) => path)
  expect(paths.filter((path) => !headings.some((line) => line.includes(`\`${path}`)))).toEqual([])
})

test('given every option, when docs/cli.md is read, then each is explained', () => {
  const flags = commands.flatMap(({ command }) => command.options.map(({ long }) => long ?? ''))
  expect([...new Set(flags)].filter((flag) => !docs.includes(`\`${flag}`) && !docs.includes(` ${flag}`))).toEqual([])
})

test('given every exit code, when docs/cli.md is read, then each is in its table', () => {
  const codes = [0, ...Object.values(exitCodes)]
  expect(codes.filter((code) => !docs.includes(`\n| ${code} | `))).toEqual([])
})

test('given every command with --json, when docs/cli.md is read, then each has its document', () => {
  const withJson = commands.filter(({ command }) => command.options.some(({ long }) => long === '--json'))
  expect(withJson.map(({ path }) => path).filter((path) => !docs.includes(`\n| \`${path}\` | \`{`))).toEqual([])
})

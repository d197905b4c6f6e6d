import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..', '..')

interface Import {
  readonly from: string
  readonly to: string
}

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))

const importPattern =
  /(?:^|\n)\s*(?:import|export)[^'"]*?from\s*'([^']+)'|import\(\s*'([^']+)'\s*\)|(?:^|\n)import\s*'([^']+)'/g

const importsOf = (file: string): readonly Import[] =>
  [...readFileSync(join(root, file), 'utf8').matchAll(importPattern)]
    .map((match) => match[1] ?? match[2] ?? match[3] ?? '')
    .map((to) => ({ from: file, to: to.startsWith('.') ? relative(root, resolve(root, dirname(file), to)) : to }))

const all = ['functions', 'infra', 'scripts'].flatMap(filesBelow).flatMap(importsOf)

/** The rooms in the order in which arrows may point: a room imports from itself and from those before it. */
const rooms = [
  'functions/domain/',
  'functions/engine/',
  'functions/adapters/',
  'functions/edge/',
  'functions/handlers/',
]
const roomOf = (file: string): number => rooms.findIndex((room) => file.startsWith(room))
const show = ({ from, to }: Import): string => `${from} → ${to}`

describe('the arrows between the rooms', () => {
  test('given every import inside functions/, when its arrow is read, then it points back to an earlier room or stays', () => {
    const inside = all.filter(({ from, to }) => from.startsWith('functions/') && to.startsWith('functions/'))
    expect(inside.length).toBeGreaterThan(100)
    expect(inside.filter(({ from, to }) => roomOf(to) > roomOf(from)).map(show)).toEqual([])
  })

  test('given functions/, when its imports are read, then none leads to scripts, infra or tests', () => {
    const outward = all.filter(
      ({ from, to }) => from.startsWith('functions/') && /^(scripts|infra|test|bench)\//.test(to),
    )
    expect(outward.map(show)).toEqual([])
  })

  test('given the domain, when its imports are read, then they are its own files and pure parts of Node', () => {
    const foreign = all.filter(
      ({ from, to }) => from.startsWith('functions/domain/') && !to.startsWith('functions/domain/'),
    )
    expect(foreign.filter(({ to }) => !['node:crypto', 'node:buffer', 'node:util'].includes(to)).map(show)).toEqual([])
  })

  test('given the engine, when its imports are read, then it reaches the world through ports only', () => {
    const foreign = all.filter(({ from, to }) => from.startsWith('functions/engine/') && !to.startsWith('functions/'))
    expect(foreign.map(show)).toEqual([])
  })

  test('given infra, when its imports of functions are read, then they are resource data, and pure checks of names, only', () => {
    const inward = all.filter(({ from, to }) => from.startsWith('infra/') && to.startsWith('functions/'))
    const data = ['resources', 'metric-table', 'alarm-table', 'settings-defaults'].map(
      (name) => `functions/edge/${name}.ts`,
    )
    const checks = ['rds-host', 'signer', 'closest-word'].map((name) => `functions/domain/${name}.ts`)
    const allowed = [...data, ...checks]
    expect(inward.filter(({ to }) => !allowed.includes(to)).map(show)).toEqual([])
    const behind = all.filter(({ from, to }) => data.includes(from) && to !== 'functions/domain/types.ts')
    expect(behind.filter(({ to }) => !data.includes(to)).map(show)).toEqual([])
  })
})

describe('what has one place', () => {
  const sources = filesBelow('functions').map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }))

  test('given functions/, when searched for the environment, then only edge/config.ts reads it', () => {
    const readers = sources.filter(({ text }) => text.includes('process.env')).map(({ file }) => file)
    expect(readers).toEqual(['functions/edge/config.ts'])
  })

  test('given functions/, when searched for AWS clients, then only the compose files of edge/ make them', () => {
    const makers = sources.filter(({ text }) => /new \w+Client\(/.test(text)).map(({ file }) => file)
    expect(makers).toEqual([
      'functions/edge/compose-access.ts',
      'functions/edge/compose-cli.ts',
      'functions/edge/compose-signing.ts',
      'functions/edge/compose.ts',
    ])
  })

  test('given domain and engine, when searched for clock and chance, then they come through ports', () => {
    const inner = sources.filter(({ file }) => /^functions\/(domain|engine)\//.test(file))
    const takers = inner.filter(({ text }) =>
      /Date\.now|new Date\(\)|Math\.random|setTimeout|performance\.now/.test(text),
    )
    expect(takers.map(({ file }) => file)).toEqual([])
  })

  test('given the domain, when searched for promises, then it is synchronous', () => {
    const waiting = sources.filter(
      ({ file, text }) => file.startsWith('functions/domain/') && /\basync\b|\bawait\b/.test(text),
    )
    expect(waiting.map(({ file }) => file)).toEqual([])
  })
})

test('given every source file, when its lines are counted, then none has more than 250', () => {
  const long = ['functions', 'infra', 'scripts']
    .flatMap(filesBelow)
    .filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 251)
  expect(long).toEqual([])
})

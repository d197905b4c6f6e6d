import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type CompiledText, compileText } from '../../functions/domain/compile-text.ts'
import { parse } from '../support/sql-files.ts'

/** Real histories beside the repository (see its README there); they are data of others and no part of it. */
const corpora = join(import.meta.dirname, '../../../shared/corpora')
const isThere = existsSync(corpora)
if (!isThere) console.warn(`skipped: no real histories in ${corpora}`)

const compileAll = (corpus: string, file: string, role: 'up' | 'down'): ReadonlyMap<string, CompiledText> => {
  const folder = join(corpora, corpus)
  const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, file)))
  return new Map(
    names.map((name) => {
      const path = `${name}/${file}`
      return [name, compileText({ path, text: readFileSync(join(folder, path), 'utf8'), role }, parse)]
    }),
  )
}

const countOf = (compiled: ReadonlyMap<string, CompiledText>, is: (text: CompiledText) => boolean): number =>
  Array.from(compiled.values()).filter(is).length
const isUnits = ({ body }: CompiledText): boolean => body.kind === 'units'
const isFlattened = ({ body }: CompiledText): boolean => body.kind === 'transaction' && body.flattened
const isEmpty = ({ notices }: CompiledText): boolean => notices.some(({ code }) => code === 'EMPTY_FILE')

describe.skipIf(!isThere)('real histories', () => {
  test('given trigger.dev’s, when all are compiled, then 749 are one transaction, 13 of them flattened, and 71 run alone', () => {
    const compiled = compileAll('triggerdev', 'migration.sql', 'up')
    expect(compiled.size).toBe(820)
    expect(countOf(compiled, isUnits)).toBe(71)
    expect(countOf(compiled, isFlattened)).toBe(13)
    const units = Array.from(compiled.values()).flatMap(({ body }) => (body.kind === 'units' ? body.units : []))
    expect(units).toHaveLength(71)
    expect(units.every(({ kind, effect }) => kind === 'alone' && effect !== undefined)).toBe(true)
  })

  test('given Kratos’s, when all are compiled up and down, then two of each direction run alone and the empty ones pass', () => {
    const [up, down] = [compileAll('kratos', 'migration.sql', 'up'), compileAll('kratos', 'down.sql', 'down')]
    expect([up.size, down.size]).toEqual([346, 346])
    expect([countOf(up, isUnits), countOf(down, isUnits)]).toEqual([2, 2])
    expect([countOf(up, isEmpty), countOf(down, isEmpty)]).toEqual([21, 111])
  })

  test('given Umami’s, when all are compiled, then each is one transaction', () => {
    const compiled = compileAll('umami', 'migration.sql', 'up')
    expect(compiled.size).toBe(19)
    expect(countOf(compiled, isUnits)).toBe(0)
  })

  test('given trigger.dev’s 820, when they are compiled again, then it takes less than a second of the processor', () => {
    const before = process.cpuUsage()
    compileAll('triggerdev', 'migration.sql', 'up')
    expect(process.cpuUsage(before).user).toBeLessThan(1_000_000)
  })
})

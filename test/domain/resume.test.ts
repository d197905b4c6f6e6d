import { expect, test } from 'vitest'
import { sha256 } from '../../functions/domain/checksum.ts'
import { resumePoint } from '../../functions/domain/resume.ts'
import type { StepSource, Unit } from '../../functions/domain/step-source.ts'
import type { UnitProgress } from '../../functions/domain/target-state.ts'
import { migrationName } from '../../functions/domain/types.ts'

const name = migrationName('1_a')

const unit = (sql: string, index: number): Unit => ({
  index,
  kind: 'alone',
  sql,
  sha256: sha256(sql),
  startCodePoint: 0,
})

const source = (...statements: readonly string[]): StepSource => ({
  migration: { name, checksum: sha256('') },
  path: '1_a/migration.sql',
  directives: { transaction: 'none' },
  body: { kind: 'units', units: statements.map(unit) },
  text: statements.join(';'),
  notices: [],
})

const progress = (index: number, sql: string, state: UnitProgress['state']): UnitProgress => ({
  migration: name,
  direction: 'up',
  unit: index,
  sha256: sha256(sql),
  state,
})

test('given no progress, when resumed, then it starts at the first unit', () => {
  expect(resumePoint(source('a', 'b'), [])).toEqual({ unit: 0, interrupted: false })
})

test('given one unit done, when resumed, then it goes on at the second', () => {
  expect(resumePoint(source('a', 'b'), [progress(0, 'a', 'done')])).toEqual({ unit: 1, interrupted: false })
})

test('given a unit that was running, when resumed, then it is looked at first', () => {
  const rows = [progress(0, 'a', 'done'), progress(1, 'b', 'running')]
  expect(resumePoint(source('a', 'b'), rows)).toEqual({ unit: 1, interrupted: true })
})

test('given progress of another migration, when resumed, then it is not read', () => {
  const other = { ...progress(0, 'x', 'done'), migration: migrationName('0_other') }
  expect(resumePoint(source('a'), [other])).toEqual({ unit: 0, interrupted: false })
})

test('given a file whose later units were corrected, when resumed, then it goes on where it was', () => {
  expect(resumePoint(source('a', 'corrected', 'c'), [progress(0, 'a', 'done')])).toEqual({
    unit: 1,
    interrupted: false,
  })
})

test('given a file whose finished unit was changed, when resumed, then it is refused as half applied', () => {
  expect(() => resumePoint(source('changed', 'b'), [progress(0, 'a', 'done')])).toThrowError(
    expect.objectContaining({ code: 'HALF_APPLIED' }),
  )
})

test('given a file whose finished unit is gone, when resumed, then it is refused as half applied', () => {
  expect(() => resumePoint(source(), [progress(0, 'a', 'done')])).toThrowError(
    expect.objectContaining({ code: 'HALF_APPLIED' }),
  )
})

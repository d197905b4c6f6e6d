import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { alarmTable } from '../../functions/edge/alarm-table.ts'
import { highest, readMetrics } from '../../scripts/gameday/readings.ts'
import { folderWith } from '../support/command-line.ts'

const rowOf = (id: string) => {
  const found = alarmTable.find((row) => row.id === id)
  if (found === undefined) throw new Error(`no alarm ${id}`)
  return found
}

const emf = (
  name: string,
  value: number | readonly number[],
  dimensions: readonly (readonly string[])[] = [['service']],
) =>
  JSON.stringify({
    _aws: {
      Timestamp: 1_000,
      CloudWatchMetrics: [{ Namespace: 'Lockstep', Dimensions: dimensions, Metrics: [{ Name: name, Unit: 'Count' }] }],
    },
    service: 'lockstep-local',
    target: 'shop',
    [name]: value,
  })

describe('metrics in logs', () => {
  const read = async (...lines: readonly string[]) => {
    const folder = folderWith({})
    writeFileSync(join(folder, 'lockstep-audit.log'), lines.join('\n'))
    return await readMetrics(folder)
  }

  test('given log lines among metrics, when they are read, then each value is one reading', async () => {
    const readings = await read(
      '{"level":"INFO"}',
      emf('RunsFailed', 1),
      'plain text',
      emf('MigrationDuration', [5, 6]),
    )
    expect(readings.map(({ metric, value }) => [metric, value])).toEqual([
      ['RunsFailed', 1],
      ['MigrationDuration', 5],
      ['MigrationDuration', 6],
    ])
  })

  test('given a series by target alone, or another deployment’s, when it is read, then no alarm looks at it', async () => {
    const other = emf('RunsFailed', 1).replace('lockstep-local', 'another')
    expect(await read(emf('RunsFailed', 1, [['service', 'target']]), other)).toEqual([])
    expect(await read(emf('RunsFailed', 1, [['service'], ['service', 'target']]))).toHaveLength(1)
  })
})

describe('an alarm’s statistic', () => {
  const readings = (metric: string, ...values: readonly (readonly [number, number])[]) =>
    values.map(([atMs, value]) => ({ metric, atMs, value }))

  test('given a sum, when values lie further apart than its period, then they do not add up', () => {
    const row = rowOf('migration-retries')
    const periodMs = row.periodSeconds * 1000
    expect(highest(row, readings('MigrationRetries', [0, 2], [periodMs, 2]))).toBe(2)
    expect(highest(row, readings('MigrationRetries', [0, 2], [periodMs - 1, 2]))).toBe(4)
  })

  test('given a maximum, when several values are there, then they do not add up', () => {
    expect(highest(rowOf('lease-wait'), readings('LeaseWait', [0, 500], [1, 600]))).toBe(600)
  })

  test('given no reading, when it is asked for, then there is no value', () => {
    expect(highest(rowOf('run-failed'), [])).toBeUndefined()
  })
})

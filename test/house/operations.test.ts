import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { alarmTable } from '../../functions/edge/alarm-table.ts'
import { metricTable } from '../../functions/edge/metric-table.ts'
import { unknownWords } from '../support/typed-command.ts'

const page = readFileSync(resolve(import.meta.dirname, '..', '..', 'docs', 'operations.md'), 'utf8')

/** Every section with its text, by the heading's words. */
const sections = page
  .split(/\n(?=#{2,3} )/)
  .slice(1)
  .map((text) => ({ id: text.slice(0, text.indexOf('\n')).replace(/^#+ /, ''), text }))
const sectionOf = (id: string): string => sections.find((section) => section.id === id)?.text ?? ''

describe('docs/operations.md', () => {
  test('given the table of alarms, when the sections are listed, then there is one an alarm below its severity, in the same order', () => {
    const idsOf = (severity: string) => alarmTable.filter((row) => row.severity === severity).map(({ id }) => id)
    expect(sections.map(({ id }) => id)).toEqual(['page', ...idsOf('page'), 'ticket', ...idsOf('ticket')])
  })

  test.each(alarmTable)(
    'given $id, when its section is read, then it says what it means, how to look, what to do, and when it is over',
    ({ id }) => {
      const text = sectionOf(id)
      const parts = ['**It means**', '**Look.**', '**Do.**', '**It is over**'].map((part) => text.indexOf(part))
      expect(parts.every((at) => at > 0)).toBe(true)
      expect(parts).toEqual(parts.toSorted((a, b) => a - b))
      expect(text).toContain('```sh\n')
    },
  )

  const commands = [...page.matchAll(/(?:^|`)lockstep ([^\n`]+)/gm)].map(([, line = '']) => line)

  test('given the commands of the page, when they are counted, then most sections have one', () => {
    expect(commands.length).toBeGreaterThan(alarmTable.length)
  })

  test.each([...new Set(commands)])(
    'given `lockstep %s`, when the command line is asked, then it has that command with those options',
    (line) => {
      expect(unknownWords(line)).toEqual([])
    },
  )

  test('given the links between sections, when they are followed, then each leads to one', () => {
    const targets = [...page.matchAll(/\]\(#([\w-]+)\)/g)].map(([, id]) => id)
    expect(targets.filter((id) => !sections.some((section) => section.id === id))).toEqual([])
  })
})

test('given the alarms, when their metrics are looked up, then each is one that some function measures', () => {
  const own = alarmTable.flatMap(({ source }) => (source.kind === 'own' ? [source.metric] : []))
  expect(own.filter((name) => !(name in metricTable))).toEqual([])
  expect(new Set(alarmTable.map(({ id }) => id)).size).toBe(alarmTable.length)
})

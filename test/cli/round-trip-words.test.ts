import { describe, expect, test } from 'vitest'
import { isCertificate } from '../../functions/domain/certificate.ts'
import { differencesOf, withoutPositions } from '../../scripts/shadow/catalog-difference.ts'
import { irreversibleText, reversibleText } from '../../scripts/shadow/certificate-text.ts'
import { lossesBetween, type TableRows } from '../../scripts/shadow/table-rows.ts'

const table = (rows: TableRows['rows'], key: readonly string[] = ['id']): readonly TableRows[] => [
  { table: '"T"', key, rows },
]

describe('losses', () => {
  const before = [
    { id: 1, a: 'x', b: null },
    { id: 2, a: 'y', b: { n: 1 } },
  ]
  test.each([
    ['the same rows in another order', before.toReversed(), []],
    ['a row that is gone', before.slice(1), [{ table: '"T"', lost: 1, of: 2 }]],
    [
      'a value that is null now',
      [{ ...before[0], a: null }, before[1]],
      [{ table: '"T"', column: 'a', lost: 1, of: 2 }],
    ],
    [
      'a value that is another now',
      [before[0], { ...before[1], b: {} }],
      [{ table: '"T"', column: 'b', lost: 1, of: 1 }],
    ],
    ['a column more', before.map((row) => ({ ...row, c: 1 })), []],
    ['a row more', [...before, { id: 3, a: 'z', b: null }], []],
  ])('given %s, when compared by key, then the losses are counted', (_, after, losses) => {
    expect(lossesBetween(table(before), table(after as TableRows['rows']))).toEqual(losses)
  })

  test('given a table that is gone, when compared, then all its rows are', () => {
    expect(lossesBetween(table(before), [])).toEqual([{ table: '"T"', lost: 2, of: 2 }])
  })

  const alike = [{ a: 1 }, { a: 1 }, { a: null }]
  test.each([
    ['the same', alike, []],
    ['fewer rows', alike.slice(1), [{ table: '"T"', lost: 1, of: 3 }]],
    ['a value fewer', [{ a: 1 }, { a: 2 }, { a: null }], [{ table: '"T"', column: 'a', lost: 1, of: 2 }]],
  ])('given rows without a key and %s, when compared, then values are counted', (_, after, losses) => {
    expect(lossesBetween(table(alike, []), table(after, []))).toEqual(losses)
  })
})

describe('certificates', () => {
  const loss = { table: '"T"', lost: 1, of: 2 }
  test.each([
    [reversibleText({ since: [], before: [] }), 'reversible'],
    [reversibleText({ since: [loss], before: [] }), 'reversible, loses: "T" (1 of 2 rows) written after it'],
    [
      reversibleText({ since: [loss], before: [{ ...loss, column: 'a' }] }),
      'reversible, loses: "T" (1 of 2 rows) written after it; "T"."a" (1 of 2 values) from before it',
    ],
    [irreversibleText('two\nlines'), 'irreversible: two lines'],
  ])('given what was found, when it is worded, then it is %j', (text, expected) => {
    expect(text).toBe(expected)
    expect(isCertificate(text)).toBe(true)
  })

  test('given more than a receipt should keep, when it is worded, then it is cut and still a certificate', () => {
    const losses = Array.from({ length: 99 }, (_, index) => ({ ...loss, table: `"${'x'.repeat(99)}${index}"` }))
    const texts = [reversibleText({ since: losses, before: losses }), irreversibleText('x'.repeat(9_999))]
    expect(texts.filter((text) => !isCertificate(text))).toEqual([])
    expect(texts[0]).toContain('and 87 more')
  })
})

describe('differences', () => {
  const column = (name: string, type: string, position: number) =>
    JSON.stringify(['public', 'T', name, type, false, '', '', 'p', -1, null, position, null])
  const index = (name: string) =>
    JSON.stringify(['public', 'T', true, true, false, false, `CREATE INDEX "${name}" ON public."T" USING btree (a)`])

  test.each([
    ['nothing', { columns: [column('a', 'int', 1)] }, { columns: [column('a', 'int', 1)] }, []],
    ['an index that is gone', { indexes: [index('i')] }, { indexes: [] }, ['index "i" is missing or changed']],
    ['an index too many', { indexes: [] }, { indexes: [index('i')] }, ['index "i" is left over']],
    [
      'a column of another type',
      { columns: [column('a', 'int', 1)] },
      { columns: [column('a', 'text', 1)] },
      ['column T.a is missing or changed'],
    ],
  ])('given %s, when catalogs are compared, then it is told once', (_, expected, found, differences) => {
    expect(differencesOf(expected as never, found as never)).toEqual(differences)
  })

  test('given a column in another place, when positions are left out, then there is no difference', () => {
    const [first, second] = [1, 3].map((position) => withoutPositions({ columns: [column('a', 'int', position)] }))
    expect(first).toEqual(second)
  })
})

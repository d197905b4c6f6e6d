import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LockstepError } from '../../functions/domain/errors.ts'
import { type Block, pairBlocks } from '../../functions/domain/transaction-blocks.ts'
import { refusalOf } from '../support/refusal.ts'
import { sqlFile, statementsOf } from '../support/sql-files.ts'

const blocksOf = (text: string) => pairBlocks(sqlFile(text), statementsOf(text))

/** What pairing means, said in another way: opening and closing must alternate and end closed. */
const pairsOf = (words: readonly string[]): readonly Block[] | undefined => {
  const ends = words.flatMap((word, index) =>
    word === 'select 1' ? [] : [{ index, opens: /^(begin|start)/.test(word) }],
  )
  const alternates = ends.every(({ opens }, position) => opens === (position % 2 === 0))
  if (!alternates || ends.length % 2 === 1) return undefined
  return ends.flatMap(({ index }, position) =>
    position % 2 === 0 ? [{ begin: index, commit: ends[position + 1]?.index ?? -1 }] : [],
  )
}

describe('pairing', () => {
  test('given any row of statements, when it is paired, then it is what alternating means, or unbalanced', () => {
    const word = fc.constantFrom('begin', 'begin work', 'start transaction', 'commit', 'end', 'select 1')
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (words) => {
        const expected = pairsOf(words)
        const pair = () => blocksOf(words.join(';\n'))
        if (expected) expect(pair()).toEqual(expected)
        else expect(pair).toThrow(LockstepError)
      }),
    )
  })

  test('given BEGIN and END in bodies, when it is paired, then they are no blocks', () => {
    const bodies = 'do $$ begin end $$; create function f() returns int begin atomic select 1; end'
    expect(blocksOf(bodies)).toEqual([])
  })

  test.each([
    ['a BEGIN without COMMIT', 'select 1;\nbegin;\nselect 2', 2, 'BEGIN without a COMMIT after it'],
    ['a COMMIT without BEGIN', 'select 1;\ncommit', 2, 'COMMIT without a BEGIN before it'],
    ['a second COMMIT', 'begin;\ncommit;\nend', 3, 'COMMIT without a BEGIN before it'],
    ['a BEGIN in a block', 'begin;\nselect 1;\nbegin;\ncommit', 3, 'BEGIN inside the block that began in line 1'],
  ])('given %s, when it is paired, then it is refused at its line', async (_, text, line, message) => {
    const error = await refusalOf(() => blocksOf(text))
    expect(error).toMatchObject({ code: 'TRANSACTION_UNBALANCED', message, details: { place: { line } } })
  })
})

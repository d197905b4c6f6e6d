import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..', '..')

test.each(['README.md', 'docs/guarantees.md'])(
  'given %s, when its proofs are read, then each named test is there',
  (page) => {
    const proofs = [...readFileSync(join(root, page), 'utf8').matchAll(/test\/[\w/-]+\.test\.ts/g)].map(
      ([path]) => path,
    )
    expect(proofs.length).toBeGreaterThan(5)
    expect(proofs.filter((path) => !existsSync(join(root, path)))).toEqual([])
  },
)

test('given docs/guarantees.md, when its promises are read, then each has a proof', () => {
  const [promised = ''] = readFileSync(join(root, 'docs/guarantees.md'), 'utf8').split('## What is not promised')
  const sections = promised.split('\n### ').slice(1)
  expect(sections.length).toBeGreaterThan(5)
  expect(sections.filter((section) => !section.includes('*Proof:*')).map((section) => section.split('\n')[0])).toEqual(
    [],
  )
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../functions/domain/canonical-json.ts'

describe('canonical JSON', () => {
  it("given RFC 8785's example, when it is printed, then the text is the RFC's", () => {
    const value = {
      numbers: [333333333.3333333, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000f\u000aA\'B"\\\\"/',
      literals: [null, true, false],
    }
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    )
  })

  it("given RFC 8785's keys, when an object is printed, then they are in the order of their UTF-16 units", () => {
    const keys = ['\u20ac', '\r', '\ufb33', '1', '\u{1f600}', '\u0080', '\u00f6']
    const printed = canonicalJson(Object.fromEntries(keys.map((key) => [key, 0])))
    expect(Object.keys(JSON.parse(printed))).toEqual(['1', '\r', '\u0080', '\u00f6', '\u20ac', '\u{1f600}', '\ufb33'])
    expect(printed.indexOf('\u{1f600}')).toBeLessThan(printed.indexOf('\ufb33'))
    expect(printed.startsWith('{"\\r":0,"1":0')).toBe(true)
  })

  it('given members that are undefined, when an object is printed, then they are left out', () => {
    expect(canonicalJson({ b: undefined, a: { c: undefined } })).toBe('{"a":{}}')
  })

  it.each([
    ['NaN', Number.NaN],
    ['an infinity', Number.POSITIVE_INFINITY],
    ['a bigint', 1n],
    ['undefined in an array', [undefined]],
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate in a key', { '\udc00': 1 }],
  ])('given %s, when it is printed, then it throws', (_, value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError)
  })

  it('given any JSON, when the printed text is parsed and printed again, then it is the same text', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const printed = canonicalJson(value)
        expect(canonicalJson(JSON.parse(printed))).toBe(printed)
      }),
    )
  })

  it('given any object, when its keys are put in another order, then the text stays the same', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse())
        expect(canonicalJson(reversed)).toBe(canonicalJson(value))
      }),
    )
  })
})

/** How many characters of a line are shown on each side of the caret: a minified line of a megabyte must fit a terminal. */
const reach = 60
const cutMark = '…'

/** Control and direction characters, which could rewrite what a terminal shows around them. */
const unsafe = /[\p{Cc}\u061C\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069]/u
const takesNoColumn = /\p{Mn}|\p{Me}|[\u200B\u200C\uFEFF]|\u200D/u
const takesTwoColumns =
  /[\p{Emoji_Presentation}\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]/u

/** A line of a text, and the place in it to point at, as indexes of JavaScript's UTF-16 string. */
interface Pointer {
  readonly lineStart: number
  readonly lineEnd: number
  readonly at: number
}

/**
 * Draws one line of a text with a caret below a place in it, cut to a terminal's width around the caret.
 *
 * Tabs are kept in both lines, so the caret stands right at any tab width. Control characters are shown as U+FFFD.
 */
export const excerptOf = (text: string, { lineStart, lineEnd, at }: Pointer): string => {
  const left = lastCharacters(text.slice(lineStart, at))
  const right = firstCharacters(text.slice(at, lineEnd))
  return `${left}${right}\n${Array.from(left).map(padding).join('')}^`
}

// Twice the reach in UTF-16 units holds at least that many code points, and spares an array of a whole long line.
const lastCharacters = (part: string): string => {
  const characters = Array.from(part.slice(-2 * reach))
  const isWhole = part.length <= 2 * reach && characters.length <= reach
  return (isWhole ? '' : cutMark) + characters.slice(-reach).map(printable).join('')
}

const firstCharacters = (part: string): string => {
  const characters = Array.from(part.slice(0, 2 * reach))
  const isWhole = part.length <= 2 * reach && characters.length <= reach
  return characters.slice(0, reach).map(printable).join('') + (isWhole ? '' : cutMark)
}

const printable = (character: string): string => (character !== '\t' && unsafe.test(character) ? '\uFFFD' : character)

const padding = (character: string): string => {
  if (character === '\t') return '\t'
  if (takesNoColumn.test(character)) return ''
  return takesTwoColumns.test(character) ? '  ' : ' '
}

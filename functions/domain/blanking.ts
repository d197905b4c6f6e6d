/** A range of UTF-8 bytes; the end lies outside. */
export interface ByteRange {
  readonly startByte: number
  readonly endByte: number
}

const space = 0x20
const lineFeed = 0x0a
const carriageReturn = 0x0d
const byteOrderMark = '\uFEFF'
const byteOrderMarkBytes = 3

/**
 * Replaces every byte of the given ranges by a space, except line breaks, so that bytes and lines keep their places.
 *
 * @param ranges in any order; each begins and ends between two characters
 */
export const blank = (bytes: Buffer, ranges: readonly ByteRange[]): Buffer => {
  const blanked = Buffer.from(bytes)
  for (const { startByte, endByte } of ranges) {
    for (let at = startByte; at < endByte; at += 1) {
      if (blanked[at] !== lineFeed && blanked[at] !== carriageReturn) blanked[at] = space
    }
  }
  return blanked
}

/** The range of a text's byte-order mark, which the server would take for a letter; none when there is none. */
export const byteOrderMarkOf = (text: string): readonly ByteRange[] =>
  text.startsWith(byteOrderMark) ? [{ startByte: 0, endByte: byteOrderMarkBytes }] : []

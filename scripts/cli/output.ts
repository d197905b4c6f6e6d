import type { WriteStream } from 'node:tty'
import { stripVTControlCharacters, styleText } from 'node:util'

export type Paint = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/**
 * Is where a command speaks to people: standard output, or standard error when `--json` keeps standard output for its document.
 *
 * Colour follows the stream, NO_COLOR and FORCE_COLOR.
 */
export interface Output {
  readonly json: boolean
  /** Columns of the terminal; without one there is no limit. */
  readonly columns: number
  /** True on a terminal that can redraw a line. */
  readonly live: boolean
  /** Writes a line to people. */
  line(text?: string): void
  /** Writes a line to standard error, where failures go. */
  errorLine(text: string): void
  /** Writes as it is, for control sequences. */
  raw(text: string): void
  paint(paint: Paint, text: string): string
}

export interface Streams {
  readonly stdout: WriteStream
  readonly stderr: WriteStream
}

/** What decides how text is shown: the mode, and what the environment says of the terminal. */
interface OutputOptions {
  readonly json: boolean
  readonly dumb: boolean
}

/** Makes the output of one command. */
export function createOutput({ stdout, stderr }: Streams, { json, dumb }: OutputOptions): Output {
  const stream = json ? stderr : stdout
  return {
    json,
    columns: stream.isTTY ? stream.columns : Number.POSITIVE_INFINITY,
    live: stream.isTTY === true && !dumb,
    line: (text = '') => stream.write(`${text}\n`),
    errorLine: (text) => stderr.write(`${text}\n`),
    raw: (text) => stream.write(text),
    paint: (paint, text) => styleText(paint, text, { stream }),
  }
}

/** Counts the columns that a text takes, without its colours. */
export const visibleWidth = (text: string): number => stripVTControlCharacters(text).length

/** Shortens a text from its middle, where a migration's name says least. */
export function shorten(text: string, width: number): string {
  if (text.length <= width) return text
  const head = Math.ceil((width - 1) / 2)
  return `${text.slice(0, head)}…${text.slice(text.length - (width - 1 - head))}`
}

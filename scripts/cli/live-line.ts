import type { Output } from './output.ts'
import { shorten } from './output.ts'

/**
 * Is the last line of a terminal, redrawn while something goes on; lines that stay are written above it.
 *
 * On anything but a live terminal only the lines that stay are written.
 */
export interface LiveLine extends Disposable {
  /** Replaces what the line says. */
  show(text: string): void
  /** Writes a line that stays. */
  above(text: string): void
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const frameMs = 80
const eraseLine = '\r\u001b[2K'
const hideCursor = '\u001b[?25l'
const showCursor = '\u001b[?25h'

/** Opens a live line; disposing it removes the line and gives the cursor back. */
export function openLiveLine(output: Output): LiveLine {
  if (!output.live) return { show: () => {}, above: (text) => output.line(text), [Symbol.dispose]: () => {} }
  let text = ''
  let frame = 0
  const draw = () => {
    const spinner = output.paint('cyan', frames[frame % frames.length] ?? '')
    output.raw(`${eraseLine}  ${spinner} ${output.paint('dim', shorten(text, output.columns - 5))}`)
  }
  const timer = setInterval(() => {
    frame += 1
    draw()
  }, frameMs)
  timer.unref()
  output.raw(hideCursor)
  return {
    show: (next) => {
      text = next
      draw()
    },
    above: (line) => {
      output.raw(eraseLine)
      output.line(line)
      draw()
    },
    [Symbol.dispose]: () => {
      clearInterval(timer)
      output.raw(`${eraseLine}${showCursor}`)
    },
  }
}

/** Shows what some work says of its progress, until it is done; what it writes above that stays. */
export async function showProgress<T>(
  output: Output,
  work: (say: (text: string) => void, above: (line: string) => void) => Promise<T>,
): Promise<T> {
  using line = openLiveLine(output)
  return await work(
    (text) => line.show(text),
    (text) => line.above(text),
  )
}

import type { Notice } from '../../functions/domain/types.ts'
import type { Output } from './output.ts'
import { count } from './units.ts'

/** Of each code so many are shown; a hundred alike say no more than five. */
const shownOfEach = 5

/** Lays notices out for people, a line each, those of one code together and their long tail counted. */
export function noticeLines(notices: readonly Notice[], output: Output): string[] {
  const byCode = Map.groupBy(notices, (notice) => notice.code)
  return [...byCode].flatMap(([code, alike]) => [
    ...alike.slice(0, shownOfEach).map(({ message }) => `${output.paint('yellow', `notice ${code}:`)} ${message}`),
    ...moreLine(code, alike.length - shownOfEach, output),
  ])
}

const moreLine = (code: string, more: number, output: Output): string[] =>
  more > 0 ? [output.paint('dim', `… and ${more} more of ${code}; --json lists them all`)] : []

/** Says in a line that there are notices, where they are not the matter. */
export const noticeHint = (notices: readonly Notice[], path: string): string[] =>
  notices.length === 0
    ? []
    : [`${count(notices.length, 'notice')}; \`lockstep check ${path}\` shows ${notices.length === 1 ? 'it' : 'them'}`]

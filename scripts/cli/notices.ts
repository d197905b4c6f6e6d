import type { Notice } from '../../functions/domain/types.ts'
import type { Output } from './output.ts'

const shown = 20

/** Lays notices out for people, a line each, the long tail counted. */
export function noticeLines(notices: readonly Notice[], output: Output): string[] {
  const more = notices.length - shown
  return [
    ...notices.slice(0, shown).map(({ code, message }) => `${output.paint('yellow', `notice ${code}:`)} ${message}`),
    ...(more > 0 ? [output.paint('dim', `… and ${more} more; --json lists them all`)] : []),
  ]
}

import type { Failure } from '../domain/errors.ts'
import type { Notice } from '../domain/types.ts'

/**
 * An item holds 400 kB, and a run whose end did not fit could never end. So what can grow with a history is cut here, and says so:
 * 5,000 migrations with new line ends are 5,000 names in one failure.
 */
const mostNames = 500
const mostNotices = 100
const longestNotice = 500
const longestText = 4_000

/** Cuts a failure to what fits beside everything else in an item. */
export const fitFailure = (failure: Failure): Failure => ({
  ...failure,
  message: cut(failure.message, longestText),
  ...(failure.detail !== undefined && { detail: cut(failure.detail, longestText) }),
  ...(failure.serverHint !== undefined && { serverHint: cut(failure.serverHint, longestText) }),
  ...(failure.place !== undefined && {
    place: { ...failure.place, excerpt: cut(failure.place.excerpt, longestText) },
  }),
  ...(failure.names !== undefined && { names: fitList(failure.names, mostNames, (left) => `… and ${left} more`) }),
})

/** Cuts notices to what fits beside everything else in an item. */
export const fitNotices = (notices: readonly Notice[]): readonly Notice[] =>
  fitList(notices, mostNotices, (left) => ({ code: 'NOTICES_LEFT_OUT', message: `${left} more notices` })).map(
    (notice) => ({ ...notice, message: cut(notice.message, longestNotice) }),
  )

function fitList<T>(list: readonly T[], most: number, rest: (left: number) => T): readonly T[] {
  if (list.length <= most) return list
  return [...list.slice(0, most - 1), rest(list.length - most + 1)]
}

const cut = (text: string, longest: number): string =>
  text.length <= longest ? text : `${text.slice(0, longest - 1)}…`.toWellFormed()

import type { MigrationName, Notice } from '../domain/types.ts'
import type { ServerNotice } from './postgres-connection.ts'

/** A migration that raises a notice a row must not fill a log. */
const mostNotices = 100
const longestNotice = 1_000

/** Passes on what the server says, up to a bound that each step starts anew. */
export interface NoticeListener {
  hear(notice: ServerNotice): void
  startStep(migration: MigrationName): void
}

/** Makes a listener; the first notice past the bound is replaced by one that says so. */
export const noticeListener = (pass: (notice: Notice) => void): NoticeListener => {
  let heard = 0
  let about: MigrationName | undefined
  const send = (code: string, message: string) =>
    pass({ code, message, ...(about !== undefined && { migration: about }) })
  return {
    hear: ({ severity, message }) => {
      heard += 1
      if (heard <= mostNotices) send(severity ?? 'NOTICE', (message ?? '').slice(0, longestNotice))
      if (heard === mostNotices + 1) send('NOTICES_DROPPED', `more than ${mostNotices} notices; the rest is dropped`)
    },
    startStep: (migration) => {
      heard = 0
      about = migration
    },
  }
}

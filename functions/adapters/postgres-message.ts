import type { Connection, Submittable } from 'pg'

/** The column by which a message of ours gives its one answer; rows of any other name are dropped as they arrive. */
export const replyColumn = 'lockstep_reply'

/** The column of the row that stands between a migration's statements and its assertions. */
export const verifyColumn = 'lockstep_verify'

/** What came back of one message, up to its end or its first error. */
export interface MessageOutcome {
  /** Statements that completed, whatever followed. */
  readonly completed: number
  /** How many had completed when the assertions were reached; the row that marks them is a statement too. */
  readonly completedAtVerify?: number
  /** The value of the reply column's last row. */
  readonly reply?: string
  /** True when a COMMIT completed after the reply: it is committed, whatever error follows. */
  readonly committed: boolean
  readonly error?: Error
}

interface RowDescription {
  readonly fields: readonly { readonly name: string }[]
}

interface DataRow {
  readonly fields: readonly (string | null)[]
}

/** The driver types only what it sends. */
interface CopyingConnection extends Connection {
  sendCopyFail(reason: string): void
}

/**
 * One simple-protocol message, in the form that the driver's queue takes.
 *
 * The driver's own `Query` would keep a result for every statement; a step of a hundred thousand rows must stay flat.
 */
export interface Message extends Submittable {
  readonly outcome: Promise<MessageOutcome>
}

/** Makes a message; its outcome never rejects. */
export const makeMessage = (text: string): Message => {
  const { promise, resolve } = Promise.withResolvers<MessageOutcome>()
  let completed = 0
  let committed = false
  let reply: string | undefined
  let isReply = false
  let completedAtVerify: number | undefined
  const settle = (error?: Error) =>
    resolve({
      ...{ completed, committed },
      ...(completedAtVerify !== undefined && { completedAtVerify }),
      ...(reply !== undefined && { reply }),
      ...(error !== undefined && { error }),
    })
  const handlers = {
    submit: (connection: Connection) => connection.query(text),
    handleRowDescription: ({ fields }: RowDescription) => {
      isReply = fields[0]?.name === replyColumn
      if (fields[0]?.name === verifyColumn) completedAtVerify = completed
    },
    handleDataRow: ({ fields }: DataRow) => {
      if (isReply) reply = fields[0] ?? undefined
    },
    handleCommandComplete: ({ text: tag }: { text: string }) => {
      completed += 1
      committed ||= tag === 'COMMIT' && reply !== undefined
    },
    handleEmptyQuery: () => {},
    handlePortalSuspended: () => {},
    handleCopyInResponse: (connection: CopyingConnection) =>
      connection.sendCopyFail('a migration has no input to copy from'),
    handleCopyData: () => {},
    handleError: (error: Error) => settle(error),
    handleReadyForQuery: () => settle(),
  }
  return Object.assign(handlers, { outcome: promise })
}

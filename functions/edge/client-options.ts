/** How AWS clients are set up, wherever they are made. */

const connectTimeoutMs = 5_000
/** Calls answer within this, or are tried again; without it a call from a subnet without a way out hangs for ever. */
const requestTimeoutMs = 20_000

export const patient = { connectionTimeout: connectTimeoutMs, requestTimeout: requestTimeoutMs }
/** An invocation answers when the runner does; the front's own deadline bounds it. */
export const untilAnswered = { connectionTimeout: connectTimeoutMs, requestTimeout: 0 }

/** S3 below an overridden endpoint wants its buckets in the path. */
export const s3Options = (endpoint: string | undefined) => ({
  requestHandler: patient,
  ...(endpoint !== undefined && { forcePathStyle: true }),
})

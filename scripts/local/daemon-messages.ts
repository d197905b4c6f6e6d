import * as z from 'zod'
import { type ErrorCode, errorTable } from '../../functions/domain/error-table.ts'

const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(errorTable, text)

/** What the daemon tells the process that started it. */
export const daemonMessage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('progress'), text: z.string() }),
  /** `local.json` is written. */
  z.object({ kind: z.literal('up') }),
  /** Another daemon has the state folder. */
  z.object({ kind: z.literal('busy') }),
  z.object({
    kind: z.literal('failed'),
    code: z.string().refine(isErrorCode),
    message: z.string(),
    hint: z.string(),
  }),
])
export type DaemonMessage = z.infer<typeof daemonMessage>

/** The environment variable that holds what the daemon is started with, as JSON. */
export const optionsVariable = 'LOCKSTEP_DAEMON_OPTIONS'

export const daemonOptions = z.object({
  stateDir: z.string(),
  strict: z.boolean(),
  fsync: z.boolean(),
  artefacts: z.string().exactOptional(),
  fallback: z.object({ databaseUrl: z.string().optional(), dynamodbEndpoint: z.string().optional() }),
})
export type DaemonOptions = z.infer<typeof daemonOptions>

import * as z from 'zod'
import { parse, target } from './events.ts'

const watchOrder = z.strictObject({ action: z.enum(['look', 'reconcile']), targets: z.array(target).readonly() })

/** What a schedule wants of the watch function. */
export type WatchOrder = z.infer<typeof watchOrder>

/** Parses what a schedule sends. @throws LockstepError EVENT_INVALID */
export const parseWatchOrder = (event: unknown): WatchOrder => parse(watchOrder, event, 'watch order')

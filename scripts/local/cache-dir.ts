import { fileURLToPath } from 'node:url'

/** Keeps compiled code of the command line, the embedded cloud and its functions between their starts; never a shared folder. */
export const cacheDir = fileURLToPath(new URL('../../node_modules/.cache/lockstep', import.meta.url))

import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { connect, createServer } from 'node:net'

/**
 * Takes a state folder for this process, until it ends in whatever way.
 *
 * The hold is a listening socket in Linux's abstract namespace: the kernel grants it to one process and takes it back from a
 * killed one, so no file is left behind that would have to be judged.
 *
 * @returns false when another process has it
 */
export const holdStateDir = (stateDir: string): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.unref()
    server.once('listening', () => resolve(true))
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false)
      else reject(error)
    })
    server.listen(socketOf(stateDir))
  })

/** Tells whether some process has the state folder. */
export const isStateDirHeld = (stateDir: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(socketOf(stateDir))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })

const socketOf = (stateDir: string): string => `\0lockstep-local-${digest(realpathSync(stateDir))}`

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32)

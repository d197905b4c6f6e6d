import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import type { Identity } from './certificates.ts'
import { type ReadToken, readRdsToken } from './rds-token.ts'

/** Stands before a PostgreSQL as RDS does: speaks TLS, demands a token, and checks it as RDS's documentation says. */
export interface IamFront extends AsyncDisposable {
  readonly port: number
  /** Who was let in, oldest first. */
  readonly logins: readonly ReadToken[]
  /** How often somebody sent a token, right or wrong. */
  readonly tokens: number
}

/** Where the front calls from, by which a server can tell it from everybody else; all of 127/8 is loopback. */
export const frontAddress = '127.0.0.2'

interface FrontOptions {
  readonly identity: Identity
  /** Trusts whoever the front lets in, and calls from its address. */
  readonly server: { readonly host: string; readonly port: number }
  readonly keys: Parameters<typeof readRdsToken>[1]
  /** A free one unless given. */
  readonly port?: number
}

export const startIamFront = async (options: FrontOptions): Promise<IamFront> => {
  const sockets = new Set<Socket>()
  const seen = { logins: [] as ReadToken[], tokens: 0 }
  const listener = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    letIn(socket, options, seen).catch(() => socket.destroy())
  }).listen(options.port ?? 0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    port,
    logins: seen.logins,
    get tokens() {
      return seen.tokens
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      if (!listener.listening) return
      listener.close()
      await once(listener, 'close')
    },
  }
}

const cleartextPassword = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3])

const letIn = async (
  socket: Socket,
  { identity, server, keys }: FrontOptions,
  seen: { readonly logins: ReadToken[]; tokens: number },
): Promise<void> => {
  // the request for TLS has a fixed form, and the answer is a letter
  await read(socket, 8)
  socket.write('S')
  const client = new TLSSocket(socket, { isServer: true, key: identity.key, cert: identity.certificate })
  client.on('error', () => socket.destroy())
  const startup = await readCounted(client, Buffer.alloc(0))
  client.write(cleartextPassword)
  const password = await readCounted(client, await read(client, 1))
  seen.tokens += 1
  const token = accepted(password.subarray(5, -1).toString(), userIn(startup), { keys, port: socket.localPort })
  if (token === undefined) {
    client.end(rejection)
    return
  }
  seen.logins.push(token)
  const upstream = connect({ ...server, localAddress: frontAddress })
  upstream.on('error', () => client.destroy())
  upstream.on('close', () => client.destroy())
  client.on('close', () => upstream.destroy())
  upstream.write(startup)
  client.pipe(upstream)
  upstream.pipe(client)
}

const accepted = (
  token: string,
  user: string,
  { keys, port }: { readonly keys: FrontOptions['keys']; readonly port: number | undefined },
): ReadToken | undefined => {
  try {
    const told = readRdsToken(token, keys)
    return told.user === user && told.host === `localhost:${port}` ? told : undefined
  } catch {
    return undefined
  }
}

const userIn = (startup: Buffer): string => {
  const fields = startup.subarray(8).toString().split('\0')
  return fields[fields.indexOf('user') + 1] ?? ''
}

const rejection = (() => {
  const fields = Buffer.from('SFATAL\0VFATAL\0C28P01\0MPAM authentication failed\0\0')
  const length = Buffer.alloc(4)
  length.writeInt32BE(fields.length + 4)
  return Buffer.concat([Buffer.from('E'), length, fields])
})()

/** Reads a message that begins with its own length, after what was read of it already. */
const readCounted = async (stream: Duplex, type: Buffer): Promise<Buffer> => {
  const length = await read(stream, 4)
  return Buffer.concat([type, length, await read(stream, length.readInt32BE(0) - 4)])
}

const read = async (stream: Duplex, count: number): Promise<Buffer> => {
  for (;;) {
    const chunk: Buffer | null = stream.read(count)
    if (chunk !== null) return chunk
    await once(stream, 'readable')
  }
}

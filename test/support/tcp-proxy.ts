import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { TargetSettings } from '../../functions/domain/settings.ts'

/** What a proxy does with what the server says: passes something on, or cuts the connection after it. */
export interface Passage {
  readonly pass: Buffer
  readonly cut?: true
}

/** A TCP proxy on the loopback address that stands between a client and a real server. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number
  /** Stops passing anything on, and says nothing of it: a network that swallows packets. */
  freeze(): void
}

/** Starts a proxy to a server. @param fromServer sees each chunk of the server's before the client does @param port 0 takes a free one */
export const startProxy = async (
  server: { readonly host: string; readonly port: number },
  fromServer: (chunk: Buffer) => Passage = (pass) => ({ pass }),
  port = 0,
): Promise<TcpProxy> => {
  const sockets = new Set<Socket>()
  const listener = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect(server.port, server.host)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => {})
    }
    client.on('end', () => upstream.end())
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
    client.on('data', (chunk: Buffer) => upstream.write(chunk))
    upstream.on('data', (chunk: Buffer) => {
      if (client.destroyed) return
      const { pass, cut } = fromServer(chunk)
      client.write(pass, () => cut && client.destroy())
    })
  }).listen(port, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    freeze: () => {
      for (const socket of sockets) socket.pause()
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      listener.close()
      await once(listener, 'close')
    },
  }
}

/** The same target, reached through a proxy. */
export const through = ({ port }: TcpProxy, settings: TargetSettings): TargetSettings => ({
  ...settings,
  connection: { ...settings.connection, host: '127.0.0.1', port },
})

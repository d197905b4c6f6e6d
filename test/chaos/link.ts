import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** How connections end: as a crashed peer ends them, as a leaving one does, or with the server none the wiser. */
export type Cut = 'reset' | 'goodbye' | 'one-sided'

export const cuts: readonly Cut[] = ['reset', 'goodbye', 'one-sided']

/** The network between the functions and a target's database: a proxy on the loopback address. */
export interface Link extends AsyncDisposable {
  readonly port: number
  /** The ports of the clients' ends, by which the kernel tells whose they are. */
  clientPorts(): readonly number[]
  /** Ends all connections. */
  cut(how: Cut): void
  /** Passes nothing on, not even an end, until thawed; connects still succeed. */
  freeze(): void
  thaw(): void
}

interface Pair {
  readonly client: Socket
  readonly upstream: Socket
  /** True when the server is not to learn that the client is gone. */
  oneSided: boolean
}

/** Opens a link to a server on the loopback address, which need not listen all the time. */
export async function openLink(serverPort: number): Promise<Link> {
  const pairs = new Set<Pair>()
  let frozen = false
  const listener = createServer((client) => {
    const pair = join(client, connect(serverPort, '127.0.0.1'))
    pairs.add(pair)
    if (frozen) pauseBoth(pair)
    pair.client.on('close', () => {
      if (pair.oneSided) return
      pair.upstream.destroy()
      pairs.delete(pair)
    })
    pair.upstream.on('close', () => {
      pair.client.destroy()
      pairs.delete(pair)
    })
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    clientPorts: () => [...pairs].flatMap(({ client, oneSided }) => (oneSided ? [] : (client.remotePort ?? []))),
    cut: (how) => {
      for (const pair of pairs) cutPair(pair, how)
    },
    freeze: () => {
      frozen = true
      for (const pair of pairs) pauseBoth(pair)
    },
    thaw: () => {
      frozen = false
      for (const { client, upstream } of pairs) for (const socket of [client, upstream]) socket.resume()
    },
    [Symbol.asyncDispose]: async () => {
      for (const { client, upstream } of pairs) for (const socket of [client, upstream]) socket.destroy()
      listener.close()
      await once(listener, 'close')
    },
  }
}

const join = (client: Socket, upstream: Socket): Pair => {
  for (const socket of [client, upstream]) {
    socket.setNoDelay(true)
    socket.on('error', () => {})
  }
  client.on('data', (chunk: Buffer) => upstream.writable && upstream.write(chunk))
  upstream.on('data', (chunk: Buffer) => client.writable && client.write(chunk))
  return { client, upstream, oneSided: false }
}

const pauseBoth = ({ client, upstream }: Pair): void => {
  client.pause()
  upstream.pause()
}

const cutPair = (pair: Pair, how: Cut): void => {
  if (pair.oneSided) return
  if (how === 'one-sided') pair.oneSided = true
  if (how === 'goodbye') {
    pair.client.end()
    pair.upstream.end()
    return
  }
  pair.client.resetAndDestroy()
  if (how === 'reset') pair.upstream.resetAndDestroy()
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

/** An HTTP server on 127.0.0.1. */
export interface LoopbackServer {
  readonly port: number
  readonly endpoint: string
  /** Stops listening and cuts the connections that are left; never throws. */
  stop(): Promise<void>
}

export type LoopbackHandler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

/**
 * Listens on a free port of the loopback interface and nowhere else.
 *
 * Requests and answers may take as long as they want: a long invocation keeps its connection. What a handler throws is answered
 * with status 500.
 */
export async function listenOnLoopback(handle: LoopbackHandler): Promise<LoopbackServer> {
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: keepAliveMs }, (request, response) => {
    void serve(handle, request, response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const port = portOf(server)
  return { port, endpoint: `http://127.0.0.1:${port}`, stop: () => stop(server) }
}

/** Longer than the idle time after which the AWS SDK closes its own sockets, so that it never writes into a closing one. */
const keepAliveMs = 60_000

const serve = async (handle: LoopbackHandler, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  try {
    await handle(request, response)
  } catch (thrown) {
    if (response.headersSent) response.destroy()
    else answerJson(response, { status: 500, body: { message: String(thrown) } })
  }
}

const portOf = (server: Server): number => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address.port
}

const stop = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })

/**
 * Reads a whole request body.
 *
 * @returns undefined when it is larger than `limitBytes`; the rest is read and dropped, so that the answer arrives
 */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes <= limitBytes) chunks.push(chunk)
  }
  return bytes > limitBytes ? undefined : Buffer.concat(chunks)
}

/** Ends an answer with a JSON document. */
export const answerJson = (
  response: ServerResponse,
  answer: { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body: unknown },
): void => {
  const text = Buffer.from(JSON.stringify(answer.body))
  response.writeHead(answer.status, {
    'content-type': 'application/json',
    'content-length': text.length,
    ...answer.headers,
  })
  response.end(text)
}

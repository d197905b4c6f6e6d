import { type IncomingMessage, type ServerResponse, request as send } from 'node:http'
import { readBody } from '../../scripts/local/loopback.ts'
import { type Asked, type Service, services } from './iam-asks.ts'

/** Keys that name a function: `LOCKSTEPLOCAL.runner`. */
const keyPrefix = 'LOCKSTEPLOCAL.'

/** The access key of a function, by which its requests and its tokens are known. */
export const accessKeyOf = (name: string): string => `${keyPrefix}${name}`

/** Who signed a request, and for which service. */
export interface Signer {
  readonly name: string
  readonly service: Service
}

/** Reads the signer from the credential of a request. @throws Error for a request of nobody's, or for another service */
export function signerOf({ headers }: IncomingMessage): Signer {
  const { authorization = '' } = headers
  const [, key = '', signedFor] = /Credential=([^/]+)\/\d{8}\/[^/]+\/([^/]+)\/aws4_request/.exec(authorization) ?? []
  const service = services.find((known) => known === signedFor)
  if (service === undefined || !key.startsWith(keyPrefix))
    throw new Error(`the gate does not know who signed: ${authorization}`)
  return { name: key.slice(keyPrefix.length), service }
}

/** More than any of the services takes in one call of ours. */
const bodyLimitBytes = 20 * 1024 * 1024

/** Reads a request to its end. */
export async function readRequest(request: IncomingMessage): Promise<Asked> {
  const { method = '', headers } = request
  const body = await readBody(request, bodyLimitBytes)
  if (body === undefined) throw new Error(`a request of more than ${bodyLimitBytes} bytes came to the gate`)
  return { method, url: new URL(request.url ?? '', 'http://gate'), headers, body }
}

/** Sends a request on as it came; nobody behind checks its signature. */
export const forward = (endpoint: string, { method, url, headers, body }: Asked): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const outgoing = send(`${endpoint}${url.pathname}${url.search}`, { method, headers }, resolve)
    outgoing.on('error', reject)
    outgoing.end(body)
  })

/** Hands an answer back as it comes. */
export const relay = (answer: IncomingMessage, response: ServerResponse): void => {
  response.writeHead(answer.statusCode ?? 502, answer.headers)
  answer.pipe(response)
}

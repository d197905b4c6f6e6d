import { type IncomingMessage, request as send } from 'node:http'
import type { VariablesOf } from '../local/cloud-layout.ts'
import { answerJson, type LoopbackServer, listenOnLoopback, readBody } from '../local/loopback.ts'

/** Stands between the functions and DynamoDB, and can keep a target's heartbeats from getting through. */
export interface HeartbeatBreaker {
  /** Starts it before the DynamoDB of these variables, and answers those that lead to it. */
  standBefore(variables: Readonly<Record<string, string>>): Promise<VariablesOf>
  /** The heartbeats of one target fail from now on; of none without a name. */
  breakOf(target: string | undefined): void
  stop(): Promise<void>
}

/** More than DynamoDB takes in one call. */
const callLimitBytes = 20 * 1024 * 1024

export function makeHeartbeatBreaker(): HeartbeatBreaker {
  let broken: string | undefined
  let server: LoopbackServer | undefined
  return {
    async standBefore(variables) {
      const { AWS_ENDPOINT_URL_DYNAMODB: url = '' } = variables
      server = await listenOnLoopback(async (request, response) => {
        const body = (await readBody(request, callLimitBytes)) ?? Buffer.alloc(0)
        if (broken !== undefined && isHeartbeat(request, body, broken)) {
          const type = 'com.amazonaws.dynamodb.v20120810#InternalServerError'
          answerJson(response, { status: 500, headers: {}, body: { __type: type, message: 'told to' } })
          return
        }
        const answer = await forward(url, request, body)
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      })
      const inside = { ...variables, AWS_ENDPOINT_URL_DYNAMODB: server.endpoint }
      return () => inside
    },
    breakOf: (target) => {
      broken = target
    },
    stop: async () => server?.stop(),
  }
}

/** The one plain update of a LOCK item; transitions are transactions. */
const isHeartbeat = ({ headers }: IncomingMessage, body: Buffer, target: string): boolean => {
  const text = body.toString()
  return (
    String(headers['x-amz-target']).endsWith('.UpdateItem') && text.includes('"LOCK"') && text.includes(`"T#${target}"`)
  )
}

const forward = (url: string, { method, headers }: IncomingMessage, body: Buffer): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const outgoing = send(url, { method, headers }, resolve)
    outgoing.on('error', reject)
    outgoing.end(body)
  })

import { createServer, type IncomingHttpHeaders } from 'node:http'
import { S3Client } from '@aws-sdk/client-s3'

/** An answer of S3 that no emulator gives: its errors, its versions, and connections that end too early. */
export interface CannedAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Ends the connection after the body, whatever Content-Length says. */
  readonly cut?: boolean
}

/** What was asked: method and path with its query, and the headers. */
export interface SeenRequest {
  readonly line: string
  readonly headers: IncomingHttpHeaders
}

export interface CannedS3 extends AsyncDisposable {
  readonly client: S3Client
  readonly requests: readonly SeenRequest[]
}

/** Starts a server that gives these answers, one a request, and a client that asks it once for each call. */
export async function cannedS3(answers: readonly CannedAnswer[]): Promise<CannedS3> {
  const requests: SeenRequest[] = []
  const server = createServer((request, response) => {
    const answer = answers[requests.length] ?? { status: 500 }
    requests.push({ line: `${request.method} ${request.url}`, headers: request.headers })
    request.resume().on('end', () => {
      response.writeHead(answer.status, answer.headers)
      response.write(answer.body ?? '')
      if (answer.cut) setImmediate(() => response.destroy())
      else response.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  const client = s3ClientAt(`http://127.0.0.1:${address.port}`)
  return {
    client,
    requests,
    async [Symbol.asyncDispose]() {
      client.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Makes a client of an S3 that takes any credentials. */
export const s3ClientAt = (endpoint: string): S3Client =>
  new S3Client({
    endpoint,
    region: 'eu-central-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  })

/** The body of an error answer. */
export const errorXml = (code: string): string =>
  `<Error><Code>${code}</Code><Message>${code}, it says</Message></Error>`

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { publicTextOf } from './signing.ts'

/** The part of KMS that signing needs, on loopback, as its JSON protocol speaks; keys by the names that it is asked for. */
export interface FakeKms extends AsyncDisposable {
  readonly endpoint: string
  readonly publicKey: string
  /** What was asked, as `<action> <key>`. */
  readonly asked: string[]
}

type Fields = Readonly<Record<string, string>>
interface Answer {
  readonly status: number
  readonly body: object
}

const failed = (type: string, message: string, status = 400): Answer => ({ status, body: { __type: type, message } })
const done = (body: object): Answer => ({ status: 200, body })

/** Starts it with a P-256 key `alias/release`, an RSA key, one that may not be used, and one that is disabled. */
export async function startFakeKms(): Promise<FakeKms> {
  const release = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey
  const asked: string[] = []
  const server = createServer(async (request, response) => {
    const action = String(request.headers['x-amz-target']).replace('TrentService.', '')
    const fields: Fields = JSON.parse(await textOf(request))
    asked.push(`${action} ${fields.KeyId}`)
    reply(response, answerTo(action, fields, { release, rsa }))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `http://127.0.0.1:${port}`,
    publicKey: publicTextOf(release),
    asked,
    [Symbol.asyncDispose]: () => new Promise((closed) => server.close(() => closed())),
  }
}

type Keys = Readonly<Record<'release' | 'rsa', KeyObject>>

function answerTo(action: string, { KeyId = '', ...fields }: Fields, { release, rsa }: Keys): Answer {
  if (KeyId === 'alias/denied') return failed('AccessDeniedException', 'User: x is not authorized to perform: kms:Sign')
  if (KeyId === 'alias/disabled') return failed('DisabledException', 'the key is disabled')
  const key = { 'alias/release': release, 'alias/rsa': rsa }[KeyId.replace(/^arn:.*:alias/, 'alias')]
  if (key === undefined) return failed('NotFoundException', `Alias ${KeyId} is not found.`)
  const KeySpec = key === release ? 'ECC_NIST_P256' : 'RSA_2048'
  if (action === 'GetPublicKey') {
    return done({ KeyId, KeySpec, KeyUsage: 'SIGN_VERIFY', PublicKey: publicTextOf(key) })
  }
  const { Message = '', MessageType, SigningAlgorithm } = fields
  if (action !== 'Sign' || SigningAlgorithm !== 'ECDSA_SHA_256' || MessageType !== 'RAW') {
    return failed('ValidationException', `${action} ${SigningAlgorithm} ${MessageType}`)
  }
  const Signature = sign('sha256', Buffer.from(Message, 'base64'), key).toString('base64')
  return done({ KeyId, Signature, SigningAlgorithm })
}

const textOf = async (request: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part)
  return Buffer.concat(parts).toString('utf8')
}

const reply = (response: ServerResponse, { status, body }: Answer): void => {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body))
}

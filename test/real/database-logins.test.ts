import { once } from 'node:events'
import { createServer } from 'node:http'
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readDatabaseSecret } from '../../functions/adapters/database-secret.ts'
import { signRdsToken } from '../../functions/adapters/rds-token.ts'
import { readRdsToken } from '../support/rds-token.ts'

const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret/with+signs', sessionToken: 'a/session+token==' }

beforeAll(() => {
  process.env.AWS_ACCESS_KEY_ID = keys.accessKeyId
  process.env.AWS_SECRET_ACCESS_KEY = keys.secretAccessKey
  process.env.AWS_SESSION_TOKEN = keys.sessionToken
})
afterAll(() => {
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']) delete process.env[name]
})

describe('a token for RDS', () => {
  const rds = { host: 'shop.c0ffee.eu-central-1.rds.amazonaws.com', port: 5433, user: 'shop login+1' }

  test('given a host of RDS, when a token is signed, then RDS would find host, port, user and its own region right', async () => {
    const token = await signRdsToken('us-east-1')(rds)
    const { host, user, region } = readRdsToken(token, keys)
    expect({ host, user, region }).toEqual({ host: `${rds.host}:5433`, user: 'shop login+1', region: 'eu-central-1' })
  })

  test('given another key, when the token is checked, then it is refused', async () => {
    const token = await signRdsToken('us-east-1')(rds)
    expect(() => readRdsToken(token, { ...keys, secretAccessKey: 'another' })).toThrow('X-Amz-Signature')
  })

  test('given a host that tells no region, when a token is signed, then the function’s region is taken', async () => {
    const token = await signRdsToken('eu-west-1')({ ...rds, host: 'localhost' })
    expect(readRdsToken(token, keys).region).toBe('eu-west-1')
  })

  test('given no region at all, when a token is wanted, then it is refused', async () => {
    const signing = signRdsToken(undefined)({ ...rds, host: 'localhost' })
    await expect(signing).rejects.toMatchObject({ code: 'SETTINGS_INVALID' })
  })
})

describe('a secret of a database', () => {
  const arn = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-shop-AbCdEf'
  const reading = async (answer: Answer) => {
    await using server = await startSecrets(answer)
    const client = new SecretsManagerClient({ region: 'eu-central-1', endpoint: server.url, maxAttempts: 1 })
    const text = async (id: string) => {
      const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId: id }))
      return SecretString
    }
    return await readDatabaseSecret(text, arn)
  }
  const written = (value: unknown): Answer => ({ status: 200, body: { ARN: arn, SecretString: value } })

  test('given a secret as RDS writes it, when it is read, then it is user and password', async () => {
    const value = { engine: 'postgres', host: 'elsewhere', username: 'shop_login', password: 'p"w', dbname: 'x' }
    expect(await reading(written(JSON.stringify(value)))).toEqual({ username: 'shop_login', password: 'p"w' })
  })

  test.each([
    ['a bare password', 'hunter2'],
    ['an object without a password', '{"username":"hunter2"}'],
    ['a password of another kind', '{"username":"x","password":["hunter2"]}'],
    ['binary content', undefined],
  ])('given %s, when it is read, then it is refused without telling it', async (_what, value) => {
    const error = await reading(written(value)).catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'SECRET_INVALID', message: expect.stringContaining(arn) })
    expect(error.message).not.toContain('hunter2')
  })

  test.each([
    ['ResourceNotFoundException', 400, 'SECRET_INVALID'],
    ['AccessDeniedException', 400, 'AWS_DENIED'],
    ['InternalServiceError', 500, 'AWS_UNREACHABLE'],
  ])('given the answer %s, when it is read, then that is %s', async (type, status, code) => {
    const body = { __type: type, Message: 'words' }
    await expect(reading({ status: Number(status), body })).rejects.toMatchObject({ code })
  })
})

interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** Secrets Manager's side of the wire, with one answer for everybody. */
async function startSecrets({ status, body }: Answer) {
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', () => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
      response.end(JSON.stringify(body))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

import { escapeLiteral } from 'pg'
import { credentials } from '../../scripts/local/names.ts'
import type { ConnectionOverrides } from '../../scripts/local/provision-target.ts'
import { makeAuthority } from './certificates.ts'
import { frontAddress, type IamFront, startIamFront } from './iam-front.ts'
import { withClient } from './postgres.ts'
import type { ReadToken } from './rds-token.ts'

/** True in `npm run test:tokens`: every embedded cloud of the end-to-end tests then takes tokens over TLS, and no passwords. */
export const tokensDemanded = (): boolean => process.env.LOCKSTEP_TEST_LOGIN === 'token'

/** Has the functions of an embedded cloud log in as on RDS: over TLS, by a name that its certificate has, with a token a connection. */
export interface TokenLogin extends AsyncDisposable {
  /** Stands before the server of this superuser's URL from now on. */
  before(url: string): Promise<ConnectionOverrides>
  /** Nobody listens at the port any more, as when a server fails over. */
  down(): Promise<void>
  /** Stands there again. */
  up(): Promise<void>
  /** Who was let in, oldest first. */
  logins(): readonly ReadToken[]
}

/** @param accessKeyId of whoever has to have signed the tokens */
export const makeTokenLogin = (accessKeyId: string = credentials.accessKeyId): TokenLogin => {
  const authority = makeAuthority('Own Root CA')
  const identity = authority.issue(['localhost'])
  const keys = { ...credentials, accessKeyId }
  const started: IamFront[] = []
  let server = { host: '127.0.0.1', port: 0 }
  const start = async (port = 0): Promise<number> => {
    const front = await startIamFront({ identity, server, keys, port })
    started.push(front)
    return front.port
  }
  const end = async (): Promise<void> => await started.at(-1)?.[Symbol.asyncDispose]()
  return {
    before: async (url) => {
      await trustTokens(url)
      server = { ...server, port: Number(new URL(url).port) }
      const port = await start()
      const authorities = authority.certificate
      return { host: 'localhost', port, credential: { kind: 'iam' }, tls: 'verify', authorities }
    },
    down: end,
    up: async () => void (await start(started.at(-1)?.port)),
    logins: () => started.flatMap((front) => front.logins),
    [Symbol.asyncDispose]: end,
  }
}

/** Whom the front let in is believed: its own connections come without a password. Everybody else shows one, as before. */
const trustTokens = (url: string): Promise<void> =>
  withClient(url, async (client) => {
    await client.query('create role rds_iam')
    const { rows } = await client.query('show hba_file')
    const file: string = rows[0].hba_file
    const { rows: read } = await client.query('select pg_read_file($1) as rules', [file])
    const rules = `host all +rds_iam ${frontAddress}/32 trust\n${read[0].rules}`
    const lines = `select line from string_to_table(${escapeLiteral(rules)}, chr(10)) as line`
    await client.query(`copy (${lines}) to ${escapeLiteral(file)}`)
    await client.query('select pg_reload_conf()')
  })

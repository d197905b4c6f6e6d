import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postgresDatabase } from '../../functions/adapters/postgres-database.ts'
import { authoritiesIn } from '../../functions/adapters/postgres-tls.ts'
import type { Connection, TargetSettings } from '../../functions/domain/settings.ts'
import { token } from '../../functions/domain/types.ts'
import { makeAuthority } from '../support/certificates.ts'
import { type OwnPostgres, startOwnPostgres } from '../support/own-postgres.ts'
import { withClient } from '../support/postgres.ts'
import { targetSettings } from '../support/target-settings.ts'

const authority = makeAuthority('Right Root CA')
const stranger = makeAuthority('Right Root CA')

let server: OwnPostgres
beforeAll(async () => {
  server = await startOwnPostgres({ identity: authority.issue(['localhost']) })
})
afterAll(() => server[Symbol.asyncDispose]())

const settingsOf = ({ url }: OwnPostgres, changes: Partial<Connection> = {}): TargetSettings => {
  const { port, username: user, password } = new URL(url)
  return targetSettings('shop', {
    ...{ host: 'localhost', port: Number(port), database: 'postgres', user, tls: 'verify' },
    credential: { kind: 'password', password },
    authorities: authority.certificate,
    ...changes,
  })
}

const connecting = (settings: TargetSettings) => postgresDatabase().connect(settings, token(1))
const refusalOf = (settings: TargetSettings) => connecting(settings).catch((thrown) => thrown)

describe('a server that speaks TLS', () => {
  test('given its authority and its name, when connected to, then the session is encrypted', async () => {
    await using session = await connecting(settingsOf(server))
    const { rows } = await withClient(server.url, (client) =>
      client.query('select ssl, version from pg_stat_ssl where pid = $1', [session.backend.pid]),
    )
    expect(rows).toEqual([{ ssl: true, version: 'TLSv1.3' }])
  })

  test.each([
    ['an authority of the same name and another key', { authorities: stranger.certificate }, /authorities/],
    ['no authority but the public ones', { authorities: undefined }, /authorities/],
    ['the address of a server that is certified by its name', { host: '127.0.0.1' }, /own endpoint/],
  ])('given %s, when connected to, then it is refused', async (_what, changes, hint) => {
    const error = await refusalOf(settingsOf(server, changes))
    expect(error).toMatchObject({ code: 'TARGET_TLS', hint: expect.stringMatching(hint) })
  })

  test('given a server certified for another name, when connected to, then both names are told', async () => {
    await using other = await startOwnPostgres({ identity: authority.issue(['db.example.org']) })
    const error = await refusalOf(settingsOf(other))
    expect(error.code).toBe('TARGET_TLS')
    expect(error.message).toMatch(/localhost.*db\.example\.org/s)
    expect(error.hint).toContain('own endpoint')
  })

  test('given a server certified for its address, when connected to by that, then it is let in', async () => {
    await using other = await startOwnPostgres({ identity: authority.issue(['127.0.0.1']) })
    await using session = await connecting(settingsOf(other, { host: '127.0.0.1' }))
    expect(session.backend.pid).toBeGreaterThan(0)
  })

  test('given a certificate that expired yesterday, when connected to, then it is refused as such', async () => {
    await using old = await startOwnPostgres({ identity: authority.issue(['localhost'], 'ended') })
    const error = await refusalOf(settingsOf(old))
    expect(error).toMatchObject({ code: 'TARGET_TLS', message: expect.stringContaining('expired') })
    expect(error.hint).toContain('new certificate')
  })

  test('given a server without TLS, when connected to, then it is refused before a password is sent', async () => {
    await using plain = await startOwnPostgres({})
    const error = await refusalOf(settingsOf(plain))
    expect(error).toMatchObject({ code: 'TARGET_TLS', hint: expect.stringContaining('turn TLS on') })
  })
})

describe('authorities of RDS', () => {
  const endpoint = (region: string) => `shop.cluster-c0ffee.${region}.rds.amazonaws.com`
  const connection = (host: string, authorities?: string): Connection => ({
    ...settingsOf(server).connection,
    host,
    authorities,
  })

  test('given a folder with a file a region, when they are looked for, then the host’s region decides', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'lockstep-authorities-'))
    await writeFile(path.join(folder, 'eu-central-1.pem'), authority.certificate)
    const find = authoritiesIn(folder)
    expect(await find(connection(endpoint('eu-central-1')))).toBe(authority.certificate)
    expect(await find(connection(endpoint('eu-central-1'), stranger.certificate))).toBe(stranger.certificate)
    expect(await find(connection('db.example.org'))).toBeUndefined()
    const error = await find(connection(endpoint('mx-central-1'))).catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'TARGET_TLS', hint: expect.stringContaining('connection.authorities') })
    await rm(folder, { recursive: true })
  })
})

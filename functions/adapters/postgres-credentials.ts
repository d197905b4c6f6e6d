import { DatabaseError } from 'pg'
import type { Connection } from '../domain/settings.ts'
import { sqlStates } from './postgres-errors.ts'

/** What the server is told of who connects. */
export interface Login {
  readonly user: string
  readonly password: string
}

/** Where a login comes from, and whether it may be another one the next time. */
export interface LoginSource {
  readonly changes: 'never' | 'by-rotation'
  read(): Promise<Login>
}

/** What finds a login that does not stand in the settings. */
export interface LoginReaders {
  /** Signs a token that a server takes for the user's password, for 15 minutes from now. */
  signToken(connection: Pick<Connection, 'host' | 'port' | 'user'>): Promise<string>
  /** Reads the newest value of a secret: its password, and its user where it names one. */
  readSecret(arn: string): Promise<{ readonly username?: string | undefined; readonly password: string }>
}

/** Finds the source of a connection's login. A token is signed anew each time, so another one would not be more welcome. */
export const loginSource = (connection: Connection, readers?: LoginReaders): LoginSource => {
  const { credential, user } = connection
  switch (credential.kind) {
    case 'password':
      return { changes: 'never', read: async () => ({ user, password: credential.password }) }
    case 'iam':
      return { changes: 'never', read: async () => ({ user, password: await given(readers).signToken(connection) }) }
    case 'secret':
      return {
        changes: 'by-rotation',
        read: async () => {
          const { username = user, password } = await given(readers).readSecret(credential.arn)
          return { user: username, password }
        },
      }
  }
}

const given = (readers: LoginReaders | undefined): LoginReaders => {
  if (readers !== undefined) return readers
  throw new TypeError('nobody was given that signs tokens and reads secrets')
}

const rejections: ReadonlySet<string | undefined> = new Set([sqlStates.invalidPassword, sqlStates.invalidAuthorization])

/** Tells whether the server does not believe who connects. */
export const isRejection = (error: unknown): boolean => error instanceof DatabaseError && rejections.has(error.code)

/** Opens something with a login, and once more with the login read anew when the server rejects it and it may have been rotated. */
export const withLogin = async <T>(source: LoginSource, open: (login: Login) => Promise<T>): Promise<T> => {
  try {
    return await open(await source.read())
  } catch (error) {
    if (!isRejection(error) || source.changes === 'never') throw error
    return await open(await source.read())
  }
}

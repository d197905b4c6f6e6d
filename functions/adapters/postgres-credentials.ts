import { DatabaseError } from 'pg'
import type { Credential } from '../domain/settings.ts'
import { sqlStates } from './postgres-errors.ts'

/** Where a password comes from, and whether it may be another one the next time. */
export interface PasswordSource {
  readonly changes: 'never' | 'by-rotation'
  read(): Promise<string>
}

/** Finds the source of a credential's password. */
export const passwordSource = (credential: Credential): PasswordSource => {
  switch (credential.kind) {
    case 'password':
      return { changes: 'never', read: async () => credential.password }
  }
}

const rejections: ReadonlySet<string | undefined> = new Set([sqlStates.invalidPassword, sqlStates.invalidAuthorization])

/**
 * Opens something with a password, and once more with the password read anew when the server rejects it and it may have been
 * rotated meanwhile.
 */
export const withPassword = async <T>(source: PasswordSource, open: (password: string) => Promise<T>): Promise<T> => {
  try {
    return await open(await source.read())
  } catch (error) {
    const rejected = error instanceof DatabaseError && rejections.has(error.code)
    if (!rejected || source.changes === 'never') throw error
    return await open(await source.read())
  }
}

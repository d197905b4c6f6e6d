import * as z from 'zod'
import { LockstepError } from '../domain/errors.ts'

/** A login as RDS writes it into the secrets that it manages; host, port and the rest are the settings' to say. */
export interface DatabaseSecret {
  readonly username?: string | undefined
  readonly password: string
}

/** Asks Secrets Manager for a secret's newest text; throws what its client throws. */
export type SecretText = (arn: string) => Promise<string>

const content = z.object({ username: z.string().min(1).optional(), password: z.string().min(1) })

const missing: ReadonlySet<string> = new Set(['ResourceNotFoundException', 'InvalidRequestException'])

/**
 * Reads the newest value of a database's secret.
 *
 * @throws LockstepError SECRET_INVALID when it is not there or holds no login; AWS_DENIED; AWS_UNREACHABLE
 */
export async function readDatabaseSecret(readText: SecretText, arn: string): Promise<DatabaseSecret> {
  const text = await readText(arn).catch((cause: unknown) => {
    throw asSecretError(cause, arn)
  })
  const parsed = content.safeParse(parseJson(text))
  if (parsed.success) return parsed.data
  // what was found is a secret, whatever it is: the message tells its shape alone
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'value'}: ${message}`)
  throw new LockstepError('SECRET_INVALID', `secret ${arn} holds no login: ${issues.join('; ')}`)
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const asSecretError = (cause: unknown, arn: string): LockstepError => {
  const { name, message } = cause instanceof Error ? cause : { name: '', message: String(cause) }
  if (name === 'AccessDeniedException') return new LockstepError('AWS_DENIED', `secret ${arn}: ${message}`, { cause })
  const code = missing.has(name) ? 'SECRET_INVALID' : 'AWS_UNREACHABLE'
  return new LockstepError(code, `secret ${arn} could not be read: ${name}: ${message}`, { cause })
}

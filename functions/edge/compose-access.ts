import { readDatabaseSecret, type SecretText } from '../adapters/database-secret.ts'
import type { DatabaseAccess } from '../adapters/postgres-connection.ts'
import { authoritiesIn } from '../adapters/postgres-tls.ts'
import { signRdsToken } from '../adapters/rds-token.ts'
import { patient } from './client-options.ts'

/**
 * Composes what a function needs to log in to databases; signer and client are loaded when the first target wants one.
 *
 * @param authorities the folder beside the function's code
 */
export const databaseAccess = (authorities: string, region?: string): DatabaseAccess => ({
  logins: { signToken: signRdsToken(region), readSecret: (arn) => readDatabaseSecret(secretText, arn) },
  authorities: authoritiesIn(authorities),
})

const secretText: SecretText = async (arn) => {
  const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager')
  const client = new SecretsManagerClient({ requestHandler: patient })
  const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId: arn }))
  return SecretString
}

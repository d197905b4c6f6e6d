import type { BundleStatement } from '../domain/statement.ts'

/** A private key that signs statements: a file, or one that never leaves KMS. */
export interface SigningKey {
  /** The public key as `Signer.publicKey` has it. */
  readonly publicKey: string
  /**
   * Signs a statement that names this key.
   *
   * @returns an ECDSA signature in DER over the SHA-256 of the statement's text
   * @throws LockstepError AWS_DENIED, AWS_UNREACHABLE
   */
  sign(statement: BundleStatement): Promise<Uint8Array>
}

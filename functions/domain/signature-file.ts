import { sha256 } from './checksum.ts'
import { LockstepError } from './errors.ts'
import type { BundleLimits } from './settings.ts'
import { type BundleStatement, parseStatement, printStatement } from './statement.ts'

/** A statement with its signature, as it lies in a bundle; not judged yet. */
export interface SignedStatement {
  readonly path: string
  readonly statement: BundleStatement
  /** ECDSA over the statement's text, in DER. */
  readonly signature: Uint8Array
}

/** How many signatures a bundle may carry, one a target and a key with room, and how long they may be: each has about 500 bytes. */
export const signatureLimits: BundleLimits = { files: 32, fileBytes: 2_048, inflatedBytes: 32 * 2_048, ratio: 200 }

/** The only files that a bundle may have beside those of its manifest. */
const pathPattern = /^lockstep\.signatures\/[a-z0-9][a-z0-9-]{0,99}\.txt$/

/** Tells whether a path is a signature's: `lockstep.signatures/<name>.txt`. */
export const isSignaturePath = (path: string): boolean => pathPattern.test(path)

/** Hex digits of the statement's hash in a file's name. */
const shownDigits = 12

/** Names the file of a statement, for people by its target; the same statement always has the same name. */
export const signaturePath = (statement: BundleStatement): string =>
  `lockstep.signatures/${statement.target}-${sha256(printStatement(statement)).slice(0, shownDigits)}.txt`

/** Prints a signature's file: the statement as it was signed, and a last line with the signature in base64. */
export const printSignatureFile = ({ statement, signature }: Omit<SignedStatement, 'path'>): string =>
  `${printStatement(statement)}signature ${Buffer.from(signature).toString('base64')}\n`

const lastLine = /signature ([A-Za-z0-9+/]+={0,2})\n$/

/**
 * Parses a signature's file; whatever is accepted prints as the very same text.
 *
 * @throws LockstepError SIGNATURE_INVALID
 */
export function parseSignatureFile(path: string, text: string): SignedStatement {
  const found = lastLine.exec(text)
  const signed = { path, statement: parseStatement(text.slice(0, found?.index), path), signature: bytesOf(found?.[1]) }
  // Base64 decoders pass over bits that mean nothing, so that two texts would be one signature.
  if (printSignatureFile(signed) === text) return signed
  throw new LockstepError('SIGNATURE_INVALID', `${path} has no signature in its last line`, { names: [path] })
}

const bytesOf = (base64 = ''): Uint8Array => Buffer.from(base64, 'base64')

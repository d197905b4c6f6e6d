/** The endpoint of somebody else's S3 (LocalStack, say); undefined when tests start their own. */
export const givenS3 = (): string | undefined => process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL

/** The endpoint of somebody else's SQS; undefined when tests start their own. */
export const givenSqs = (): string | undefined => process.env.AWS_ENDPOINT_URL_SQS ?? process.env.AWS_ENDPOINT_URL

/** An emulator of all of AWS that Lockstep needs, except Lambda and EventBridge, and a PostgreSQL beside it. */
export interface Emulator {
  readonly endpoint: string
  /** A superuser's URL. */
  readonly databaseUrl: string
}

/** The emulator of `npm run test:emulator`; undefined in `npm test`. */
export function givenEmulator(): Emulator | undefined {
  const { AWS_ENDPOINT_URL: endpoint, DATABASE_URL: databaseUrl, LOCKSTEP_TEST_PLACE: place } = process.env
  if (place !== 'emulator' || !endpoint || !databaseUrl) return undefined
  return { endpoint, databaseUrl }
}

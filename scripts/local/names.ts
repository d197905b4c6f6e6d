/** Where the embedded cloud pretends to be. */
export const region = 'us-east-1'
export const accountId = '000000000000'

/** Accepted by everything on loopback and by nothing else. */
export const credentials = { accessKeyId: 'LOCKSTEPLOCAL', secretAccessKey: 'local', sessionToken: 'local' } as const

export const bundleBucket = 'lockstep-bundles'
export const recordsBucket = 'lockstep-records'
export const controlTableName = 'lockstep-control'
export const auditTableName = 'lockstep-audit'
export const bundleQueueName = 'lockstep-bundles'
export const deadLetterName = 'lockstep-dead-letters'
export const auditFailureName = 'lockstep-audit-failures'
export const eventBusName = 'lockstep'
/** What its metrics are named after. */
export const deploymentName = 'lockstep-local'

/** A function's name as Lambda knows it. */
export const lambdaName = (name: string): string => `lockstep-${name}`
export const functionArn = (name: string): string => `arn:aws:lambda:${region}:${accountId}:function:${name}`
export const queueArn = (name: string): string => `arn:aws:sqs:${region}:${accountId}:${name}`
export const bucketArn = (name: string): string => `arn:aws:s3:::${name}`

/** What an AWS client needs to speak to one of the loopback endpoints. */
export const clientFor = (endpoint: string) => ({ endpoint, region, credentials })

/**
 * Every action that IAM may ask for a command of the AWS SDK, as AWS's service authorization reference says; a command that is not
 * here may be in no artefact.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
export const commandActions: Readonly<Record<string, readonly string[]>> = {
  'client-dynamodb/GetItem': ['dynamodb:GetItem'],
  'client-dynamodb/PutItem': ['dynamodb:PutItem'],
  'client-dynamodb/UpdateItem': ['dynamodb:UpdateItem'],
  'client-dynamodb/Query': ['dynamodb:Query'],
  // a transaction has no action of its own: each of its parts needs the action of the plain call
  'client-dynamodb/TransactWriteItems.Put': ['dynamodb:PutItem'],
  'client-dynamodb/TransactWriteItems.Update': ['dynamodb:UpdateItem'],
  // the second for a request that names a version, the third for an object that is not there
  'client-s3/GetObject': ['s3:GetObject', 's3:GetObjectVersion', 's3:ListBucket'],
  'client-s3/HeadObject': ['s3:GetObject', 's3:GetObjectVersion', 's3:ListBucket'],
  'client-s3/PutObject': ['s3:PutObject'],
  'client-s3/ListObjectsV2': ['s3:ListBucket'],
  'client-sqs/ChangeMessageVisibility': ['sqs:ChangeMessageVisibility'],
  'client-sqs/SendMessage': ['sqs:SendMessage'],
  'client-lambda/Invoke': ['lambda:InvokeFunction'],
  'client-eventbridge/PutEvents': ['events:PutEvents'],
  'client-secrets-manager/GetSecretValue': ['secretsmanager:GetSecretValue'],
  // no request at all: the token that it signs is one
  'rds-signer/Signer': ['rds-db:connect'],
}

/** Commands of the clients' own, which no request of ours leads to. */
export const clientsOwn: ReadonlySet<string> = new Set([
  // asks for another endpoint, where a client was told to discover it
  'client-dynamodb/DescribeEndpoints',
  // logs in to a directory bucket
  'client-s3/CreateSession',
])

const transactionParts = ['Put', 'Update'].map((part) => `client-dynamodb/TransactWriteItems.${part}`)

/**
 * Commands that lie in an artefact although its function never sends them, since they stand in one object with those that it does;
 * their actions are not granted.
 */
export const carriedAlong: Readonly<Record<string, readonly string[]>> = {
  // the control store
  status: ['client-dynamodb/PutItem', 'client-dynamodb/UpdateItem', ...transactionParts],
  watch: ['client-dynamodb/PutItem', 'client-dynamodb/UpdateItem', ...transactionParts],
  apply: ['client-dynamodb/Query'],
  rollback: ['client-dynamodb/Query', 'client-dynamodb/PutItem', 'client-dynamodb/TransactWriteItems.Put'],
  // the bundle store, into which the command line puts
  runner: ['client-s3/PutObject'],
  // the archive, which the watch function lists
  audit: ['client-s3/ListObjectsV2'],
  // the logins, of which an administrator's is always by a secret
  setup: ['rds-signer/Signer'],
}

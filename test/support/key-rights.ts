import type { Ask } from './iam-decision.ts'

const decrypt = ['kms:Decrypt']
const encrypt = ['kms:GenerateDataKey', 'kms:Decrypt']

/**
 * What services ask of the key, in the caller's name, when what they keep is encrypted with it; DynamoDB asks for whatever is done to a
 * table or its stream.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
 */
const keyActions: Readonly<Record<string, readonly string[]>> = {
  's3:GetObject': decrypt,
  's3:GetObjectVersion': decrypt,
  's3:PutObject': encrypt,
  'sqs:SendMessage': encrypt,
  'sqs:ReceiveMessage': decrypt,
}

/** The rights on a key that a right on what it encrypts brings along. @param key as the template names it */
export function keyRightsOf<Right extends Ask>(right: Right, key: string): readonly Right[] {
  const [service] = right.action.split(':')
  const actions = service === 'dynamodb' ? decrypt : (keyActions[right.action] ?? [])
  return actions.map((action) => ({
    ...right,
    action,
    resource: key,
    viaService: `${service}.AWS::Region.amazonaws.com`,
  }))
}

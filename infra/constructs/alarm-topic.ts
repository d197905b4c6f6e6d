import { Aws } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import type * as kms from 'aws-cdk-lib/aws-kms'
import * as sns from 'aws-cdk-lib/aws-sns'
import { Construct } from 'constructs'
import { letServicesUse } from './key-policy.ts'

interface AlarmTopicProps {
  /** Encrypts what waits in the topic; without it SNS keeps it as it comes. */
  readonly key?: kms.IKey
}

/** Is the topic that the alarms speak to, over TLS only; people and pagers subscribe to it. */
export class AlarmTopic extends Construct {
  readonly topic: sns.Topic

  constructor(scope: Construct, id: string, { key }: AlarmTopicProps = {}) {
    super(scope, id)
    this.topic = new sns.Topic(this, 'Default', { enforceSSL: true, ...(key && { masterKey: key }) })
    // a topic with a policy of its own has lost the one that lets the account's alarms in
    this.topic.addToResourcePolicy(
      new iam.PolicyStatement({
        principals: [alarms],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
    )
    if (key !== undefined) letServicesUse(this, key, ['alarms'])
  }
}

const alarms = new iam.ServicePrincipal('cloudwatch.amazonaws.com')

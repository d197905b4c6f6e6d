# claim: S3 accepts the queue as the destination of the bucket's events
# wrong: the deploy fails with "Unable to validate the following destination configurations"
told=$(aws s3api get-bucket-notification-configuration --bucket "$BundleBucket" --query 'QueueConfigurations[0].QueueArn' --output text)
expect 'queue that the bucket tells' "$(queue_attribute "$BundleQueueUrl" QueueArn)" "$told"

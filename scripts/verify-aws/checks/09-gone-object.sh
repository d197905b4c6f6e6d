# claim: a bundle that was deleted before it was read is refused as OBJECT_GONE; S3 answers 404 and not 403
# wrong: AWS_DENIED in the run
pack scripts/verify-aws/history "$scratch/bundle.zip"
key="bundles/$Target/verify-gone-$(date +%s).zip"
# the event is made by hand, for a version that the bucket never had
aws s3api put-object --bucket "$BundleBucket" --key "verify/$key" --body "$scratch/bundle.zip" >"$scratch/upload"
version=$(json d.VersionId <"$scratch/upload")
aws s3api delete-object --bucket "$BundleBucket" --key "verify/$key" --version-id "$version" >"$scratch/log"
printf '{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"%s"},"object":{"key":"%s","versionId":"%s"}}}]}' "$BundleBucket" "$key" "$version" >"$scratch/event.json"
aws sqs send-message --queue-url "$BundleQueueUrl" --message-body "file://$scratch/event.json" >"$scratch/log"
gone() { lockstep status --target "$Target" --json | json "d.runs.some((run) => run.work.object?.key === '$key' && run.failure?.code === 'OBJECT_GONE')" | grep -q true; }
within 120 gone

# claim: twenty uploads at once are twenty runs, one after the other, whatever the poller does; none is given up
# wrong: messages in the dead letters, or runs that failed with a transaction conflict
pack scripts/verify-aws/history "$scratch/bundle.zip"
before=$(queue_attribute "$DeadLetterQueueUrl" ApproximateNumberOfMessages)
uploads=()
for number in $(seq 20); do
  aws s3api put-object --bucket "$BundleBucket" --key "bundles/$Target/verify-$(date +%s)-$number.zip" --body "$scratch/bundle.zip" --if-none-match '*' >"$scratch/upload-$number" &
  uploads+=($!)
done
for upload in "${uploads[@]}"; do wait "$upload"; done
over() { lockstep status --target "$Target" --json | json 'd.runs.every((run) => ["SUCCEEDED", "REFUSED", "FAILED", "CRASHED", "EXPIRED"].includes(run.state)) && d.lock.lockState === "FREE"' | grep -q true; }
emptied() { [ "$(($(queue_attribute "$BundleQueueUrl" ApproximateNumberOfMessages) + $(queue_attribute "$BundleQueueUrl" ApproximateNumberOfMessagesNotVisible)))" = 0 ]; }
within 600 emptied
within 120 over
expect 'dead letters' "$before" "$(queue_attribute "$DeadLetterQueueUrl" ApproximateNumberOfMessages)"
expect 'runs that did not succeed' '' "$(lockstep status --target "$Target" --json | json 'd.runs.filter((run) => run.state !== "SUCCEEDED").map((run) => run.id).join(" ")')"
lockstep audit verify --target "$Target"

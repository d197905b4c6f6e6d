# claim: every audit event reaches the records bucket, by the stream, `If-None-Match` and Object Lock
# wrong: the audit function fails, and positions arrive in the queue of AuditFailureQueueUrl
events=$(lockstep audit verify --target "$Target" --json | json d.events)
[ "$events" -gt 0 ] || fail 'the target has no audit events yet; run the check `run` first'
archived() {
  local count
  count=$(aws s3api list-objects-v2 --bucket "$RecordsBucket" --prefix "audit/$Target/" --query 'length(Contents || `[]`)' --output text)
  [ "$count" -ge "$events" ]
}
within 120 archived
expect 'positions given up' 0 "$(queue_attribute "$AuditFailureQueueUrl" ApproximateNumberOfMessages)"

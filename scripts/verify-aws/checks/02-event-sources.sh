# claim: Lambda accepts both event sources with the rights that their functions have
# wrong: the deploy fails at LockstepBundleQueueDelivery or LockstepAuditTableStream, or their state is not Enabled
for function in "$ApplyFunction" "$AuditFunction"; do
  states=$(aws lambda list-event-source-mappings --function-name "$function" --query 'EventSourceMappings[].State' --output text)
  expect "event source of $function" Enabled "$states"
  result=$(aws lambda list-event-source-mappings --function-name "$function" --query 'EventSourceMappings[0].LastProcessingResult' --output text)
  if grep -qi problem <<<"$result"; then fail "$function: $result"; fi
done

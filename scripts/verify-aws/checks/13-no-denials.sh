# claim: no function was denied anything that it tried, by IAM or (with `encryptionKey`) by KMS; transactions and index queries pass with the actions of their parts
# wrong: AccessDenied in a function's log within the last day
since=$((($(date +%s) - 86400) * 1000))
for function in "$RunnerFunction" "$ApplyFunction" "$StatusFunction" "$UnlockFunction" "$RollbackFunction" "$AuditFunction" "$WatchFunction"; do
  log=$(aws lambda get-function-configuration --function-name "$function" --query LoggingConfig.LogGroup --output text)
  denied=$(aws logs filter-log-events --log-group-name "$log" --start-time "$since" --filter-pattern '?AccessDenied ?AWS_DENIED ?AccessDeniedException ?KMSAccessDenied' --query 'events[0].message' --output text)
  if [ "$denied" != None ]; then fail "$function: $(cut -c 1-300 <<<"$denied")"; fi
done

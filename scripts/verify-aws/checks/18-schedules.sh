# claim: the schedules invoke the watch function
# wrong: no invocation within half an hour, and the alarm on lost looks goes off
now=$(date +%s)
invoked=$(aws cloudwatch get-metric-statistics --namespace AWS/Lambda --metric-name Invocations --dimensions "Name=FunctionName,Value=$WatchFunction" --start-time "$((now - 1800))" --end-time "$now" --period 1800 --statistics Sum --query 'max(Datapoints[].Sum) || `0`' --output text)
[ "${invoked%.*}" -gt 0 ] || fail 'the watch function was not invoked within half an hour'

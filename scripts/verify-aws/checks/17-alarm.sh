# claim: an alarm reaches the topic, encrypted or not
# wrong: the alarm's history says "Failed to execute action"
# leaves: one notification to whoever is subscribed to the topic
alarm=$(aws cloudwatch describe-alarms --alarm-types CompositeAlarm --query "CompositeAlarms[?contains(AlarmActions, '$AlarmTopic')].AlarmName | [0]" --output text)
[ "$alarm" != None ] || fail "no composite alarm speaks to $AlarmTopic"
since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
aws cloudwatch set-alarm-state --alarm-name "$alarm" --state-value ALARM --state-reason 'npm run verify:aws'
said() {
  aws cloudwatch describe-alarm-history --alarm-name "$alarm" --alarm-types CompositeAlarm --history-item-type Action --start-date "$since" --query 'AlarmHistoryItems[].HistorySummary' --output text | grep -q "$AlarmTopic"
}
within 120 said
summary=$(aws cloudwatch describe-alarm-history --alarm-name "$alarm" --alarm-types CompositeAlarm --history-item-type Action --start-date "$since" --query 'AlarmHistoryItems[].HistorySummary' --output text)
if grep -q Failed <<<"$summary"; then fail "$summary"; fi

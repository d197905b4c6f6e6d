# claim: traces arrive, also from the runner, which has no way to X-Ray of its own
# wrong: no trace of the last hour names the runner
mode=$(aws lambda get-function-configuration --function-name "$RunnerFunction" --query TracingConfig.Mode --output text)
[ "$mode" = Active ] || skip "tracing is $mode"
now=$(date +%s)
traces=$(aws xray get-trace-summaries --start-time "$((now - 3600))" --end-time "$now" --filter-expression "service(\"$RunnerFunction\")" --query 'length(TraceSummaries)' --output text)
[ "$traces" -gt 0 ] || fail 'no trace of the last hour names the runner; run the check `run` first'

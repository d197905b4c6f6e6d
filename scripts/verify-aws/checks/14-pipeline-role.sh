# claim: a pipeline's role can push to one target and read its status, and nothing else
# wrong: a decision other than the expected one
# wants: LOCKSTEP_VERIFY_PIPELINE_ROLE, the ARN of a role that was given grantPush
role=$LOCKSTEP_VERIFY_PIPELINE_ROLE
function_arn() { aws lambda get-function-configuration --function-name "$1" --query FunctionArn --output text; }
control=$(table_arn "$ControlTable")
bucket="arn:$(cut -d : -f 2 <<<"$control"):s3:::$BundleBucket"
expect 'push to its own target' allowed "$(decision "$role" s3:PutObject "$bucket/bundles/$Target/a.zip")"
expect 'push to another target' implicitDeny "$(decision "$role" s3:PutObject "$bucket/bundles/another/a.zip")"
expect 'status' allowed "$(decision "$role" lambda:InvokeFunction "$(function_arn "$StatusFunction"):$Target")"
for function in "$RollbackFunction" "$UnlockFunction"; do
  expect "$function" implicitDeny "$(decision "$role" lambda:InvokeFunction "$(function_arn "$function"):$Target")"
done
expect 'the runner' implicitDeny "$(decision "$role" lambda:InvokeFunction "$(function_arn "$RunnerFunction")")"
expect 'the control table' implicitDeny "$(decision "$role" dynamodb:UpdateItem "$control")"
expect 'the database' implicitDeny "$(decision "$role" rds-db:connect '*')"

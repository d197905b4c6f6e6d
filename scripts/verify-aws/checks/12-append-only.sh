# claim: IAM denies every function to change or remove what was recorded, and to write settings; and the runner's code to touch network interfaces, though Lambda may with its role
# wrong: a decision that is not explicitDeny
audit=$(table_arn "$AuditTable")
control=$(table_arn "$ControlTable")
partition=$(cut -d : -f 2 <<<"$audit")
for function in "$RunnerFunction" "$ApplyFunction" "$StatusFunction" "$UnlockFunction" "$RollbackFunction" "$AuditFunction" "$WatchFunction"; do
  role=$(role_of "$function")
  for action in UpdateItem DeleteItem BatchWriteItem PartiQLUpdate PartiQLDelete; do
    expect "$function $action on the audit table" explicitDeny "$(decision "$role" "dynamodb:$action" "$audit")"
  done
  for action in DeleteObject DeleteObjectVersion PutObjectRetention BypassGovernanceRetention; do
    expect "$function $action on the records bucket" explicitDeny "$(decision "$role" "s3:$action" "arn:$partition:s3:::$RecordsBucket/audit/$Target/000000000001.json")"
  done
done
settings="ContextKeyName=dynamodb:LeadingKeys,ContextKeyType=stringList,ContextKeyValues=TARGET#$Target"
own="ContextKeyName=dynamodb:LeadingKeys,ContextKeyType=stringList,ContextKeyValues=T#$Target"
runner=$(role_of "$RunnerFunction")
expect 'runner writes settings' explicitDeny "$(decision "$runner" dynamodb:UpdateItem "$control" --context-entries "$settings")"
expect 'runner writes its own items' allowed "$(decision "$runner" dynamodb:UpdateItem "$control" --context-entries "$own")"
itself=$(aws lambda get-function-configuration --function-name "$RunnerFunction" --query FunctionArn --output text)
code="ContextKeyName=lambda:SourceFunctionArn,ContextKeyType=string,ContextKeyValues=$itself"
expect "runner's code deletes network interfaces" explicitDeny "$(decision "$runner" ec2:DeleteNetworkInterface '*' --context-entries "$code")"
expect 'Lambda deletes network interfaces' allowed "$(decision "$runner" ec2:DeleteNetworkInterface '*')"

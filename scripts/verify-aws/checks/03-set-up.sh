# claim: the set-up function's answer reaches CloudFormation through the gateway endpoint
# wrong: the deploy waits three minutes and fails; the set-up function's log says how far it came
states=$(aws cloudformation list-stack-resources --stack-name "$Stack" --query "StackResourceSummaries[?ResourceType=='Custom::LockstepRoles'].ResourceStatus" --output text)
[ -n "$states" ] || skip 'no target has an administrator secret'
for state in $states; do
  case $state in CREATE_COMPLETE | UPDATE_COMPLETE) ;; *) fail "roles are $state" ;; esac
done

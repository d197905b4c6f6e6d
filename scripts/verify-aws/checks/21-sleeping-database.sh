# claim: a paused Aurora Serverless is woken by a run and waited for
# wrong: TARGET_UNREACHABLE
# wants: LOCKSTEP_VERIFY_CLUSTER, the target's cluster, which must be asleep: leave it alone for a while before
now=$(date +%s)
capacity=$(aws cloudwatch get-metric-statistics --namespace AWS/RDS --metric-name ServerlessDatabaseCapacity --dimensions "Name=DBClusterIdentifier,Value=$LOCKSTEP_VERIFY_CLUSTER" --start-time "$((now - 300))" --end-time "$now" --period 60 --statistics Maximum --query 'max(Datapoints[].Maximum)' --output text)
case $capacity in 0 | 0.0) ;; *) skip "the cluster is awake, its capacity is $capacity" ;; esac
lockstep reconcile --target "$Target"

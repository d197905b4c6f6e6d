# claim: the runner needs no way out of the VPC but the endpoints
# wrong: the runner times out, or the set-up function's answer never reaches CloudFormation
lockstep reconcile --target "$Target"
subnets=$(aws lambda get-function-configuration --function-name "$RunnerFunction" --query 'VpcConfig.SubnetIds' --output text)
for subnet in $subnets; do
  vpc=$(aws ec2 describe-subnets --subnet-ids "$subnet" --query 'Subnets[0].VpcId' --output text)
  table=$(aws ec2 describe-route-tables --filters "Name=association.subnet-id,Values=$subnet" --query 'RouteTables[0].RouteTableId' --output text)
  if [ "$table" = None ]; then
    table=$(aws ec2 describe-route-tables --filters "Name=vpc-id,Values=$vpc" Name=association.main,Values=true --query 'RouteTables[0].RouteTableId' --output text)
  fi
  out=$(aws ec2 describe-route-tables --route-table-ids "$table" --query "RouteTables[0].Routes[?DestinationCidrBlock=='0.0.0.0/0'] | length(@)" --output text)
  [ "$out" = 0 ] || skip "$subnet has a way out of the VPC, so this shows nothing of the endpoints"
done

# claim: a version that was written over stays readable by its id, and `If-None-Match` refuses to write over
# wrong: a run that reads another bundle than its event named
key="verify/versions-$(date +%s)-$RANDOM"
echo first >"$scratch/first"
echo second >"$scratch/second"
first=$(aws s3api put-object --bucket "$BundleBucket" --key "$key" --body "$scratch/first" --if-none-match '*' --query VersionId --output text)
refused PreconditionFailed aws s3api put-object --bucket "$BundleBucket" --key "$key" --body "$scratch/second" --if-none-match '*'
second=$(aws s3api put-object --bucket "$BundleBucket" --key "$key" --body "$scratch/second" --query VersionId --output text 2>"$scratch/refusal") || second=none
aws s3api get-object --bucket "$BundleBucket" --key "$key" --version-id "$first" "$scratch/got" >"$scratch/log"
for version in "$first" "$second"; do
  if [ "$version" != none ]; then aws s3api delete-object --bucket "$BundleBucket" --key "$key" --version-id "$version" >"$scratch/log"; fi
done
cmp "$scratch/first" "$scratch/got" || fail 'the first version reads otherwise now'

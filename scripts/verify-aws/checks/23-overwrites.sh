# claim: with `refuseOverwrites`, S3 takes no bundle without `If-None-Match`
# wrong: the put is allowed
policy=$(aws s3api get-bucket-policy --bucket "$BundleBucket" --query Policy --output text)
grep -qF s3:if-none-match <<<"$policy" || skip 'the bucket lets bundles be written over'
echo verify >"$scratch/object"
refused AccessDenied aws s3api put-object --bucket "$BundleBucket" --key "verify/overwrites-$(date +%s)" --body "$scratch/object"

# claim: nobody removes an archived event before its time, and writing it again is refused, with `If-None-Match` or without
# wrong: the object is gone, or the second write succeeds
# leaves: one object of a few bytes below verify/ in the records bucket, for as long as records are kept
key="verify/$(date +%s)-$RANDOM"
echo verify >"$scratch/object"
version=$(aws s3api put-object --bucket "$RecordsBucket" --key "$key" --body "$scratch/object" --if-none-match '*' --query VersionId --output text)
refused PreconditionFailed aws s3api put-object --bucket "$RecordsBucket" --key "$key" --body "$scratch/object" --if-none-match '*'
refused AccessDenied aws s3api put-object --bucket "$RecordsBucket" --key "$key" --body "$scratch/object"
refused AccessDenied aws s3api delete-object --bucket "$RecordsBucket" --key "$key" --version-id "$version"

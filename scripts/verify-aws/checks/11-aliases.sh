# claim: the alias by which a function was called reaches it in `invokedFunctionArn`, and another target's payload is refused
# wrong: the answer of another target
printf '{"target":"another-target"}' >"$scratch/payload.json"
aws lambda invoke --function-name "$StatusFunction" --qualifier "$Target" --payload "fileb://$scratch/payload.json" "$scratch/answer.json" >"$scratch/log"
grep -qF ALIAS_WRONG "$scratch/answer.json" || fail "expected ALIAS_WRONG, got: $(cut -c 1-200 "$scratch/answer.json")"

# claim: an operator's rollback runs: front, queue, runner and the receipts' down SQL
# wrong: AWS_DENIED, or a run that stays QUEUED
lockstep rollback --target "$Target" --steps 1 --yes --timeout 5m --json >"$scratch/rollback.json"
expect 'migrations reverted' 1 "$(json d.reverted <"$scratch/rollback.json")"

# claim: a push becomes a run: S3, queue, both functions, PostgreSQL and DynamoDB's transactions work together with the rights that they have
# wrong: AWS_DENIED or TARGET_UNREACHABLE in the run, or no run at all
# leaves: one migration on the target, until the check `rollback`
lockstep push scripts/verify-aws/history --target "$Target" --reapply 20260101000000_lockstep_verify --wait --timeout 5m --json >"$scratch/run.json"
expect 'migrations applied' 1 "$(json d.applied <"$scratch/run.json")"
lockstep audit verify --target "$Target"

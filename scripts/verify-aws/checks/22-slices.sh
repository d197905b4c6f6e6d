# claim: a run that is longer than Lambda's 15 minutes goes on in the next invocation
# wrong: a run that ends CRASHED
# wants: LOCKSTEP_VERIFY_SLOW=1; it takes 25 minutes
# leaves: 20 migrations on the target, which are rolled back at the end
for number in $(seq 10 29); do
  folder="$scratch/history/202601010001${number}_lockstep_verify_slow"
  mkdir -p "$folder"
  echo 'select pg_sleep(60);' >"$folder/migration.sql"
  echo 'select 1;' >"$folder/down.sql"
done
names=$(ls "$scratch/history")
# shellcheck disable=SC2086 # one argument each
lockstep push "$scratch/history" --target "$Target" --reapply $names --wait --timeout 40m
lockstep rollback --target "$Target" --steps 20 --yes --timeout 5m

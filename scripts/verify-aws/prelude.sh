# What the checks share. The stack's outputs are variables by their ids ($BundleBucket, …), the target's name is $Target.
set -euo pipefail

# A check that fails says why on descriptor 3; one that does not apply here exits with 3, and says why not.
{ true >&3; } 2>/dev/null || exec 3>&2
fail() { echo "$*" >&3; exit 1; }
skip() { echo "$*" >&3; exit 3; }
# expect <what> <expected> <got>
expect() { [ "$2" = "$3" ] || fail "$1: expected $2, got ${3:-nothing}"; }

# the stack's own cloud, whatever runs in this folder
lockstep() { npx --no-install lockstep "$@" --no-local; }
pack() { npx --no-install lockstep bundle "$1" --out "$2" >"$scratch/pack.log"; }
# json <expression of d>: reads a document from standard input
json() { node -e 'const d = JSON.parse(require("node:fs").readFileSync(0, "utf8")); console.log(eval(process.argv[1]))' "$1"; }

role_of() { aws lambda get-function-configuration --function-name "$1" --query Role --output text; }
table_arn() { aws dynamodb describe-table --table-name "$1" --query Table.TableArn --output text; }
queue_attribute() { aws sqs get-queue-attributes --queue-url "$1" --attribute-names "$2" --query "Attributes.$2" --output text; }
# decision <role> <action> <resource> [context entries]: what IAM itself says
decision() {
  aws iam simulate-principal-policy --policy-source-arn "$1" --action-names "$2" --resource-arns "$3" "${@:4}" \
    --query 'EvaluationResults[0].EvalDecision' --output text
}
# refused <code> <command…>: the command must fail, and name the code
refused() {
  local code=$1 said
  shift
  if said=$("$@" 2>&1); then fail "expected $code, but this was allowed: $*"; fi
  grep -qF "$code" <<<"$said" || fail "expected $code, got: $(tail -n 1 <<<"$said")"
}
# within <seconds> <command…>: the command must come true
within() {
  local until=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$until" ] || fail "gave up waiting for: $*"
    sleep 3
  done
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

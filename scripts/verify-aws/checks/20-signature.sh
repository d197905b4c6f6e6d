# claim: KMS signs bundles as the runner verifies them, and an unsigned one is refused
# wrong: SIGNATURE_WRONG for what KMS signed
# wants: LOCKSTEP_VERIFY_SIGNED_TARGET, another target that nobody needs, with a KMS key among its signers
# wants: LOCKSTEP_VERIFY_SIGNING_KEY, that key
refused SIGNATURE_MISSING lockstep push scripts/verify-aws/history --target "$LOCKSTEP_VERIFY_SIGNED_TARGET" --wait --timeout 5m
lockstep push scripts/verify-aws/history --target "$LOCKSTEP_VERIFY_SIGNED_TARGET" --sign "$LOCKSTEP_VERIFY_SIGNING_KEY" --reapply 20260101000000_lockstep_verify --wait --timeout 5m
lockstep rollback --target "$LOCKSTEP_VERIFY_SIGNED_TARGET" --steps 1 --yes --timeout 5m

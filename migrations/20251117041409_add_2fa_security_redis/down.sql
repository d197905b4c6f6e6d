-- Rollback of 20251117041409_add_2fa_security_redis
-- Procedure: stop the application, and delete the rate-limit counters that it keeps in Redis. Tell users with
--   a second factor: the password alone lets them in again. Audit rows with the four new actions
--   become UPDATE and keep the old name in metadata.rolledBackAction.
-- Loses: second factors, backup codes, trusted devices, lockouts and the log of login attempts.

-- DropTable
DROP TABLE "TrustedDevice";

-- DropTable
DROP TABLE "LoginAttempt";

-- DropIndex
DROP INDEX "User_lockedUntil_idx";

-- AlterTable
ALTER TABLE "User" DROP COLUMN "lastFailedLoginAt",
DROP COLUMN "lockedUntil",
DROP COLUMN "loginAttempts",
DROP COLUMN "twoFactorBackupCodes",
DROP COLUMN "twoFactorEnabled",
DROP COLUMN "twoFactorSecret";

-- PostgreSQL cannot drop a value of an enum: build the type again without the four
UPDATE "AuditLog"
SET "metadata" = COALESCE("metadata", '{}') || jsonb_build_object('rolledBackAction', "action"),
    "action" = 'UPDATE'
WHERE "action" IN ('TWO_FACTOR_ENABLE', 'TWO_FACTOR_DISABLE', 'ACCOUNT_LOCK', 'ACCOUNT_UNLOCK');

ALTER TYPE "AuditAction" RENAME TO "AuditAction_old";
CREATE TYPE "AuditAction" AS ENUM ('CREATE', 'UPDATE', 'DELETE', 'LOGIN', 'LOGOUT', 'INVITE', 'EXPORT');
ALTER TABLE "AuditLog" ALTER COLUMN "action" TYPE "AuditAction" USING ("action"::text::"AuditAction");
DROP TYPE "AuditAction_old";

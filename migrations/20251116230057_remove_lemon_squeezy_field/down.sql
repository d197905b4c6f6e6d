-- Rollback of 20251116230057_remove_lemon_squeezy_field
-- Procedure: safe while the application runs: the column is nullable and nobody reads it.
-- Loses: nothing more. The portal URLs were lost on the way up; the column comes back empty, and still
--   deprecated.

-- AlterTable
ALTER TABLE "User" ADD COLUMN     "lemonSqueezyCustomerPortalUrl" TEXT;

-- Deprecate
COMMENT ON COLUMN "User"."lemonSqueezyCustomerPortalUrl" IS 'Deprecated: signed portal URLs expire; ask the provider for one when it is needed.';

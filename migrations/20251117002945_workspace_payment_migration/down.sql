-- Rollback of 20251117002945_workspace_payment_migration
-- Procedure: stop the application and the billing webhooks. A subscription whose buyer is gone goes to the
--   longest-standing owner of its workspace. The personal workspaces stay.
-- Loses: all payments; the workspaces' billing e-mail and customer id; provider and workspace of each
--   subscription; subscriptions of workspaces that nobody owns.

-- DropTable
DROP TABLE "Payment";

-- Subscriptions go back to a user
UPDATE "Subscription" s
SET "userId" = (
    SELECT m."userId"
    FROM "WorkspaceMember" m
    WHERE m."workspaceId" = s."workspaceId" AND m."role" = 'OWNER'
    ORDER BY m."joinedAt", m."id"
    LIMIT 1
)
WHERE s."userId" IS NULL;

DELETE FROM "Subscription" WHERE "userId" IS NULL;

-- AlterTable
ALTER TABLE "Workspace" DROP COLUMN "billingEmail",
DROP COLUMN "lemonSqueezyCustomerId";

-- DropForeignKey
ALTER TABLE "Subscription" DROP CONSTRAINT "Subscription_userId_fkey";

-- DropForeignKey
ALTER TABLE "Subscription" DROP CONSTRAINT "Subscription_workspaceId_fkey";

-- AlterTable
ALTER TABLE "Subscription" DROP COLUMN "provider",
DROP COLUMN "workspaceId",
ALTER COLUMN "userId" SET NOT NULL;

-- DropEnum
DROP TYPE "PaymentStatus";

-- DropEnum
DROP TYPE "PaymentProvider";

-- AddForeignKey
ALTER TABLE "Subscription" ADD CONSTRAINT "Subscription_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

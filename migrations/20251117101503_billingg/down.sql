-- Rollback of 20251117101503_billingg
-- Procedure: stop the billing webhooks. Export "Invoice" first: invoices must be kept by law.
--   "Subscription"."plan", the billing e-mail and the customer id are brought up to date before their
--   successors go.
-- Loses: plans, invoices, webhook events; company name, VAT number and address of billing profiles; interval,
--   seats and pending cancellations of subscriptions.

-- Undeprecate
UPDATE "Subscription" s SET "plan" = p."code" FROM "Plan" p WHERE p."id" = s."planId" AND s."plan" <> p."code";

UPDATE "Workspace" w
SET "billingEmail" = b."email",
    "lemonSqueezyCustomerId" = b."lemonSqueezyCustomerId"
FROM "BillingProfile" b
WHERE b."workspaceId" = w."id";

COMMENT ON COLUMN "Workspace"."billingEmail" IS NULL;
COMMENT ON COLUMN "Workspace"."lemonSqueezyCustomerId" IS NULL;
COMMENT ON COLUMN "Subscription"."plan" IS NULL;

-- DropForeignKey
ALTER TABLE "Subscription" DROP CONSTRAINT "Subscription_planId_fkey";

-- AlterTable
ALTER TABLE "Subscription" DROP COLUMN "cancelAtPeriodEnd",
DROP COLUMN "interval",
DROP COLUMN "planId",
DROP COLUMN "seats";

-- DropTable
DROP TABLE "BillingWebhookEvent";

-- DropTable
DROP TABLE "Invoice";

-- DropTable
DROP TABLE "BillingProfile";

-- DropTable
DROP TABLE "Plan";

-- DropEnum
DROP TYPE "InvoiceStatus";

-- DropEnum
DROP TYPE "BillingInterval";

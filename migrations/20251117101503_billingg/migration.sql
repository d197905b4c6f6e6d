/*
  Warnings:

  - Added the required column `planId` to the `Subscription` table without a default value. This is not possible if the table is not empty.

*/
-- CreateEnum
CREATE TYPE "BillingInterval" AS ENUM ('MONTHLY', 'YEARLY');

-- CreateEnum
CREATE TYPE "InvoiceStatus" AS ENUM ('DRAFT', 'OPEN', 'PAID', 'VOID', 'UNCOLLECTIBLE');

-- AlterTable
ALTER TABLE "Subscription" ADD COLUMN     "cancelAtPeriodEnd" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "interval" "BillingInterval" NOT NULL DEFAULT 'MONTHLY',
ADD COLUMN     "planId" TEXT,
ADD COLUMN     "seats" INTEGER NOT NULL DEFAULT 1;

-- CreateTable
CREATE TABLE "Plan" (
    "id" TEXT NOT NULL,
    "code" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "priceMonthlyCents" INTEGER NOT NULL DEFAULT 0,
    "priceYearlyCents" INTEGER NOT NULL DEFAULT 0,
    "currency" TEXT NOT NULL DEFAULT 'USD',
    "limits" JSONB NOT NULL DEFAULT '{}',
    "isActive" BOOLEAN NOT NULL DEFAULT true,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Plan_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "BillingProfile" (
    "id" TEXT NOT NULL,
    "workspaceId" TEXT NOT NULL,
    "email" TEXT,
    "companyName" TEXT,
    "vatNumber" TEXT,
    "address" JSONB,
    "lemonSqueezyCustomerId" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "BillingProfile_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Invoice" (
    "id" TEXT NOT NULL,
    "workspaceId" TEXT NOT NULL,
    "subscriptionId" TEXT,
    "number" TEXT NOT NULL,
    "status" "InvoiceStatus" NOT NULL DEFAULT 'DRAFT',
    "currency" TEXT NOT NULL DEFAULT 'USD',
    "lines" JSONB NOT NULL DEFAULT '[]',
    "totalCents" INTEGER NOT NULL DEFAULT 0,
    "issuedAt" TIMESTAMP(3),
    "dueAt" TIMESTAMP(3),
    "paidAt" TIMESTAMP(3),
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Invoice_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "BillingWebhookEvent" (
    "id" TEXT NOT NULL,
    "provider" "PaymentProvider" NOT NULL,
    "providerEventId" TEXT NOT NULL,
    "payload" JSONB NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "error" TEXT,
    "processedAt" TIMESTAMP(3),
    "receivedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "BillingWebhookEvent_pkey" PRIMARY KEY ("id")
);

-- The plans on sale, and one retired plan for every other code in use
INSERT INTO "Plan" ("id", "code", "name", "priceMonthlyCents", "priceYearlyCents", "limits", "updatedAt")
VALUES
    ('plan-free', 'free', 'Free', 0, 0, '{"seats": 3, "brands": 0}', CURRENT_TIMESTAMP),
    ('plan-pro', 'pro', 'Pro', 4900, 49000, '{"seats": 25, "brands": 5}', CURRENT_TIMESTAMP),
    ('plan-enterprise', 'enterprise', 'Enterprise', 0, 0, '{"seats": null, "brands": null}', CURRENT_TIMESTAMP);

INSERT INTO "Plan" ("id", "code", "name", "isActive", "updatedAt")
SELECT DISTINCT 'plan-' || s."plan", s."plan", s."plan", false, CURRENT_TIMESTAMP
FROM "Subscription" s
WHERE s."plan" NOT IN ('free', 'pro', 'enterprise');

UPDATE "Subscription" s SET "planId" = p."id" FROM "Plan" p WHERE p."code" = s."plan";

INSERT INTO "BillingProfile" ("id", "workspaceId", "email", "lemonSqueezyCustomerId", "updatedAt")
SELECT 'billing-' || w."id", w."id", w."billingEmail", w."lemonSqueezyCustomerId", CURRENT_TIMESTAMP
FROM "Workspace" w
WHERE w."billingEmail" IS NOT NULL OR w."lemonSqueezyCustomerId" IS NOT NULL;

-- AlterTable
ALTER TABLE "Subscription" ALTER COLUMN "planId" SET NOT NULL;

-- CreateIndex
CREATE UNIQUE INDEX "Plan_code_key" ON "Plan"("code");

-- CreateIndex
CREATE UNIQUE INDEX "BillingProfile_workspaceId_key" ON "BillingProfile"("workspaceId");

-- CreateIndex
CREATE UNIQUE INDEX "Invoice_number_key" ON "Invoice"("number");

-- CreateIndex
CREATE INDEX "Invoice_workspaceId_issuedAt_idx" ON "Invoice"("workspaceId", "issuedAt" DESC);

-- CreateIndex
CREATE INDEX "Invoice_dueAt_open_idx" ON "Invoice"("dueAt") WHERE "status" = 'OPEN';

-- CreateIndex
CREATE UNIQUE INDEX "BillingWebhookEvent_provider_providerEventId_key" ON "BillingWebhookEvent"("provider", "providerEventId");

-- CreateIndex
CREATE INDEX "BillingWebhookEvent_receivedAt_unprocessed_idx" ON "BillingWebhookEvent"("receivedAt") WHERE "processedAt" IS NULL;

-- CreateIndex
CREATE INDEX "BillingWebhookEvent_payload_idx" ON "BillingWebhookEvent" USING GIN ("payload" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "Subscription_planId_idx" ON "Subscription"("planId");

-- AddForeignKey
ALTER TABLE "BillingProfile" ADD CONSTRAINT "BillingProfile_workspaceId_fkey" FOREIGN KEY ("workspaceId") REFERENCES "Workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Invoice" ADD CONSTRAINT "Invoice_workspaceId_fkey" FOREIGN KEY ("workspaceId") REFERENCES "Workspace"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Invoice" ADD CONSTRAINT "Invoice_subscriptionId_fkey" FOREIGN KEY ("subscriptionId") REFERENCES "Subscription"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Subscription" ADD CONSTRAINT "Subscription_planId_fkey" FOREIGN KEY ("planId") REFERENCES "Plan"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- Deprecate
COMMENT ON COLUMN "Workspace"."billingEmail" IS 'Deprecated: use "BillingProfile"."email".';
COMMENT ON COLUMN "Workspace"."lemonSqueezyCustomerId" IS 'Deprecated: use "BillingProfile"."lemonSqueezyCustomerId".';
COMMENT ON COLUMN "Subscription"."plan" IS 'Deprecated: use "planId".';

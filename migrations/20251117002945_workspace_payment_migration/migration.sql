-- lockstep:statement_timeout=10min

/*
  Warnings:

  - Added the required column `workspaceId` to the `Subscription` table without a default value. This is not possible if the table is not empty.

*/
-- CreateEnum
CREATE TYPE "PaymentProvider" AS ENUM ('LEMON_SQUEEZY', 'STRIPE', 'MANUAL');

-- CreateEnum
CREATE TYPE "PaymentStatus" AS ENUM ('PENDING', 'SUCCEEDED', 'FAILED', 'REFUNDED', 'PARTIALLY_REFUNDED');

-- DropForeignKey
ALTER TABLE "Subscription" DROP CONSTRAINT "Subscription_userId_fkey";

-- AlterTable
ALTER TABLE "Subscription" ADD COLUMN     "provider" "PaymentProvider" NOT NULL DEFAULT 'LEMON_SQUEEZY',
ADD COLUMN     "workspaceId" TEXT,
ALTER COLUMN "userId" DROP NOT NULL;

-- AlterTable
ALTER TABLE "Workspace" ADD COLUMN     "billingEmail" TEXT,
ADD COLUMN     "lemonSqueezyCustomerId" TEXT;

-- CreateTable
CREATE TABLE "Payment" (
    "id" TEXT NOT NULL,
    "workspaceId" TEXT NOT NULL,
    "subscriptionId" TEXT,
    "provider" "PaymentProvider" NOT NULL DEFAULT 'LEMON_SQUEEZY',
    "providerPaymentId" TEXT NOT NULL,
    "status" "PaymentStatus" NOT NULL DEFAULT 'PENDING',
    "amountCents" INTEGER NOT NULL,
    "currency" TEXT NOT NULL DEFAULT 'USD',
    "failureReason" TEXT,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "paidAt" TIMESTAMP(3),
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Payment_pkey" PRIMARY KEY ("id")
);

-- Subscribers who own no workspace get a personal one
INSERT INTO "Workspace" ("id", "name", "slug", "updatedAt")
SELECT DISTINCT 'personal-' || u."id", COALESCE(u."name", u."email"), 'personal-' || u."id", CURRENT_TIMESTAMP
FROM "User" u
JOIN "Subscription" s ON s."userId" = u."id"
WHERE NOT EXISTS (
    SELECT 1 FROM "WorkspaceMember" m WHERE m."userId" = u."id" AND m."role" = 'OWNER'
)
ON CONFLICT ("id") DO NOTHING;

INSERT INTO "WorkspaceMember" ("id", "workspaceId", "userId", "role")
SELECT w."id" || '-owner', w."id", u."id", 'OWNER'
FROM "User" u
JOIN "Workspace" w ON w."id" = 'personal-' || u."id"
WHERE NOT EXISTS (
    SELECT 1 FROM "WorkspaceMember" m WHERE m."userId" = u."id" AND m."role" = 'OWNER'
)
ON CONFLICT ("workspaceId", "userId") DO UPDATE SET "role" = 'OWNER';

-- Each subscription moves to the oldest workspace that its user owns
UPDATE "Subscription" s
SET "workspaceId" = (
    SELECT m."workspaceId"
    FROM "WorkspaceMember" m
    WHERE m."userId" = s."userId" AND m."role" = 'OWNER'
    ORDER BY m."joinedAt", m."id"
    LIMIT 1
);

-- The newest subscription decides who is billed
UPDATE "Workspace" w
SET "billingEmail" = latest."email",
    "lemonSqueezyCustomerId" = latest."lemonSqueezyCustomerId"
FROM (
    SELECT DISTINCT ON (s."workspaceId") s."workspaceId", u."email", s."lemonSqueezyCustomerId"
    FROM "Subscription" s
    JOIN "User" u ON u."id" = s."userId"
    ORDER BY s."workspaceId", s."createdAt" DESC, s."id"
) latest
WHERE w."id" = latest."workspaceId";

-- AlterTable
ALTER TABLE "Subscription" ALTER COLUMN "workspaceId" SET NOT NULL;

-- CreateIndex
CREATE UNIQUE INDEX "Payment_provider_providerPaymentId_key" ON "Payment"("provider", "providerPaymentId");

-- CreateIndex
CREATE INDEX "Payment_workspaceId_createdAt_idx" ON "Payment"("workspaceId", "createdAt" DESC);

-- CreateIndex
CREATE INDEX "Payment_status_open_idx" ON "Payment"("status") WHERE "status" IN ('PENDING', 'FAILED');

-- CreateIndex
CREATE INDEX "Subscription_workspaceId_idx" ON "Subscription"("workspaceId");

-- AddForeignKey
ALTER TABLE "Payment" ADD CONSTRAINT "Payment_workspaceId_fkey" FOREIGN KEY ("workspaceId") REFERENCES "Workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Payment" ADD CONSTRAINT "Payment_subscriptionId_fkey" FOREIGN KEY ("subscriptionId") REFERENCES "Subscription"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Subscription" ADD CONSTRAINT "Subscription_workspaceId_fkey" FOREIGN KEY ("workspaceId") REFERENCES "Workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Subscription" ADD CONSTRAINT "Subscription_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;

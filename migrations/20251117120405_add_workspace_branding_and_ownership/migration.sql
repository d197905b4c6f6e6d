-- lockstep:lock_timeout=3s

/*
  Warnings:

  - You are about to drop the column `billingEmail` on the `Workspace` table. All the data in the column will be lost.
  - You are about to drop the column `lemonSqueezyCustomerId` on the `Workspace` table. All the data in the column will be lost.
  - A unique constraint covering the columns `[customDomain]` on the table `Workspace` will be added. If there are existing duplicate values, this will fail.

*/
-- CreateEnum
CREATE TYPE "OwnershipTransferStatus" AS ENUM ('PENDING', 'ACCEPTED', 'DECLINED', 'CANCELLED', 'EXPIRED');

-- AlterTable
ALTER TABLE "Workspace" DROP COLUMN "billingEmail",
DROP COLUMN "lemonSqueezyCustomerId",
ADD COLUMN     "accentColor" TEXT,
ADD COLUMN     "customDomain" TEXT,
ADD COLUMN     "faviconUrl" TEXT,
ADD COLUMN     "logoUrl" TEXT,
ADD COLUMN     "ownerId" TEXT,
ADD COLUMN     "primaryColor" TEXT NOT NULL DEFAULT '#0F172A';

-- CreateTable
CREATE TABLE "WorkspaceOwnershipTransfer" (
    "id" TEXT NOT NULL,
    "workspaceId" TEXT NOT NULL,
    "fromUserId" TEXT NOT NULL,
    "toUserId" TEXT NOT NULL,
    "status" "OwnershipTransferStatus" NOT NULL DEFAULT 'PENDING',
    "token" TEXT NOT NULL,
    "expiresAt" TIMESTAMP(3) NOT NULL,
    "decidedAt" TIMESTAMP(3),
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "WorkspaceOwnershipTransfer_pkey" PRIMARY KEY ("id")
);

-- The longest-standing owner becomes the owner
UPDATE "Workspace" w
SET "ownerId" = (
    SELECT m."userId"
    FROM "WorkspaceMember" m
    WHERE m."workspaceId" = w."id" AND m."role" = 'OWNER'
    ORDER BY m."joinedAt", m."id"
    LIMIT 1
);

-- CreateIndex
CREATE UNIQUE INDEX "Workspace_customDomain_key" ON "Workspace"("customDomain");

-- CreateIndex
CREATE INDEX "Workspace_ownerId_idx" ON "Workspace"("ownerId");

-- CreateIndex
CREATE UNIQUE INDEX "WorkspaceOwnershipTransfer_token_key" ON "WorkspaceOwnershipTransfer"("token");

-- CreateIndex
CREATE UNIQUE INDEX "WorkspaceOwnershipTransfer_workspaceId_pending_key" ON "WorkspaceOwnershipTransfer"("workspaceId") WHERE "status" = 'PENDING';

-- AddForeignKey
ALTER TABLE "Workspace" ADD CONSTRAINT "Workspace_ownerId_fkey" FOREIGN KEY ("ownerId") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "WorkspaceOwnershipTransfer" ADD CONSTRAINT "WorkspaceOwnershipTransfer_workspaceId_fkey" FOREIGN KEY ("workspaceId") REFERENCES "Workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "WorkspaceOwnershipTransfer" ADD CONSTRAINT "WorkspaceOwnershipTransfer_fromUserId_fkey" FOREIGN KEY ("fromUserId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "WorkspaceOwnershipTransfer" ADD CONSTRAINT "WorkspaceOwnershipTransfer_toUserId_fkey" FOREIGN KEY ("toUserId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

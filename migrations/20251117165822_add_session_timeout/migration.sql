-- AlterTable
ALTER TABLE "Session" ADD COLUMN     "lastActivityAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
ADD COLUMN     "revokedAt" TIMESTAMP(3);

-- AlterTable
ALTER TABLE "Workspace" ADD COLUMN     "sessionTimeoutMinutes" INTEGER NOT NULL DEFAULT 60;

-- Open sessions start their idle time when they were created
UPDATE "Session" SET "lastActivityAt" = "createdAt";

-- CreateIndex
CREATE INDEX "Session_lastActivityAt_live_idx" ON "Session"("lastActivityAt") WHERE "revokedAt" IS NULL;

-- AlterTable
ALTER TABLE "Workspace" ADD COLUMN     "storageQuotaBytes" BIGINT NOT NULL DEFAULT 5368709120,
ADD COLUMN     "storageUsedBytes" BIGINT NOT NULL DEFAULT 0;

-- AddCheck
ALTER TABLE "Workspace" ADD CONSTRAINT "Workspace_storageUsedBytes_check" CHECK ("storageUsedBytes" >= 0);

-- CreateTable
CREATE TABLE "StoredFile" (
    "id" TEXT NOT NULL,
    "workspaceId" TEXT NOT NULL,
    "uploadedById" TEXT,
    "s3Key" TEXT NOT NULL,
    "fileName" TEXT NOT NULL,
    "mimeType" TEXT NOT NULL,
    "sizeBytes" BIGINT NOT NULL,
    "sha256" TEXT,
    "deletedAt" TIMESTAMP(3),
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "StoredFile_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "StoredFile_s3Key_key" ON "StoredFile"("s3Key");

-- CreateIndex
CREATE INDEX "StoredFile_workspaceId_live_idx" ON "StoredFile"("workspaceId", "createdAt" DESC) WHERE "deletedAt" IS NULL;

-- AddForeignKey
ALTER TABLE "StoredFile" ADD CONSTRAINT "StoredFile_workspaceId_fkey" FOREIGN KEY ("workspaceId") REFERENCES "Workspace"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "StoredFile" ADD CONSTRAINT "StoredFile_uploadedById_fkey" FOREIGN KEY ("uploadedById") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- Rollback of 20251117142501_add_storage_quota
-- Procedure: stop uploads. Export "StoredFile" first: the objects stay in S3, but only this table knows their
--   keys.
-- Loses: the register of uploaded files; quotas and their use.

-- DropTable
DROP TABLE "StoredFile";

-- AlterTable
ALTER TABLE "Workspace" DROP COLUMN "storageQuotaBytes",
DROP COLUMN "storageUsedBytes";

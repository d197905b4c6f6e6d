-- Rollback of 20251117120405_add_workspace_branding_and_ownership
-- Procedure: stop the application; take custom domains out of the proxy. Owners stay OWNER in
--   "WorkspaceMember". The two dropped billing columns come back, filled from "BillingProfile".
-- Loses: logos, colours, custom domains and ownership transfers; which owner of several was the first.

-- DropTable
DROP TABLE "WorkspaceOwnershipTransfer";

-- DropForeignKey
ALTER TABLE "Workspace" DROP CONSTRAINT "Workspace_ownerId_fkey";

-- AlterTable
ALTER TABLE "Workspace" DROP COLUMN "accentColor",
DROP COLUMN "customDomain",
DROP COLUMN "faviconUrl",
DROP COLUMN "logoUrl",
DROP COLUMN "ownerId",
DROP COLUMN "primaryColor",
ADD COLUMN     "billingEmail" TEXT,
ADD COLUMN     "lemonSqueezyCustomerId" TEXT;

UPDATE "Workspace" w
SET "billingEmail" = b."email",
    "lemonSqueezyCustomerId" = b."lemonSqueezyCustomerId"
FROM "BillingProfile" b
WHERE b."workspaceId" = w."id";

-- DropEnum
DROP TYPE "OwnershipTransferStatus";

-- Deprecate
COMMENT ON COLUMN "Workspace"."billingEmail" IS 'Deprecated: use "BillingProfile"."email".';
COMMENT ON COLUMN "Workspace"."lemonSqueezyCustomerId" IS 'Deprecated: use "BillingProfile"."lemonSqueezyCustomerId".';

-- Rollback of 20251117165822_add_session_timeout
-- Procedure: stop the application. Revoked sessions are deleted, or they would be valid again.
-- Loses: the record of revoked sessions, idle times and the workspaces' timeouts.

DELETE FROM "Session" WHERE "revokedAt" IS NOT NULL;

-- AlterTable
ALTER TABLE "Workspace" DROP COLUMN "sessionTimeoutMinutes";

-- DropIndex
DROP INDEX "Session_lastActivityAt_live_idx";

-- AlterTable
ALTER TABLE "Session" DROP COLUMN "lastActivityAt",
DROP COLUMN "revokedAt";

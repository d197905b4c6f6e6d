-- Rollback of 20251116222007_init
-- Procedure: stop the application. Take a snapshot of the database first; nothing remains afterwards.
-- Loses: all users, accounts, sessions, workspaces, members and subscriptions, and the provisional feedback
--   and waitlist.

-- DropTable
DROP TABLE "WaitlistEntry";

-- DropTable
DROP TABLE "Feedback";

-- DropTable
DROP TABLE "Subscription";

-- DropTable
DROP TABLE "WorkspaceMember";

-- DropTable
DROP TABLE "Workspace";

-- DropTable
DROP TABLE "Session";

-- DropTable
DROP TABLE "Account";

-- DropTable
DROP TABLE "User";

-- DropEnum
DROP TYPE "FeedbackStatus";

-- DropEnum
DROP TYPE "SubscriptionStatus";

-- DropEnum
DROP TYPE "WorkspaceRole";

-- DropEnum
DROP TYPE "UserRole";

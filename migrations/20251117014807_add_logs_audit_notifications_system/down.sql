-- Rollback of 20251117014807_add_logs_audit_notifications_system
-- Procedure: export "AuditLog" first where the law or a customer asks for it. Stop whatever writes logs or
--   sends notifications.
-- Loses: all system logs, the whole audit trail, all notifications and their templates.

-- DropTable
DROP TABLE "Notification";

-- DropTable
DROP TABLE "NotificationTemplate";

-- DropTable
DROP TABLE "AuditLog";

-- DropTable
DROP TABLE "SystemLog";

-- DropEnum
DROP TYPE "NotificationChannel";

-- DropEnum
DROP TYPE "NotificationPriority";

-- DropEnum
DROP TYPE "NotificationType";

-- DropEnum
DROP TYPE "AuditAction";

-- DropEnum
DROP TYPE "LogLevel";

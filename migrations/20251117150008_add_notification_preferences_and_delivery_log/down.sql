-- Rollback of 20251117150008_add_notification_preferences_and_delivery_log
-- Procedure: stop the senders, or messages are sent twice. Keep a copy of "NotificationPreference": without it
--   everyone gets everything again.
-- Loses: what users chose to receive; which message reached whom; queued retries.

-- DropTable
DROP TABLE "NotificationDeliveryLog";

-- DropTable
DROP TABLE "NotificationPreference";

-- DropEnum
DROP TYPE "DeliveryStatus";

-- DropEnum
DROP TYPE "DigestFrequency";

-- Rollback of 20251117160957_websock_push
-- Procedure: stop the web-socket and push senders; open connections end. Notifications stay and lose the two
--   channels from their list.
-- Loses: push subscriptions (browsers must subscribe again), open connections; templates, preferences and
--   delivery log of the channels WEBSOCKET and PUSH.

-- DropTable
DROP TABLE "WebSocketConnection";

-- DropTable
DROP TABLE "PushSubscription";

-- DropEnum
DROP TYPE "PushPlatform";

-- PostgreSQL cannot drop a value of an enum: build the type again without the two
DELETE FROM "NotificationTemplate" WHERE "channel" IN ('WEBSOCKET', 'PUSH');
DELETE FROM "NotificationPreference" WHERE "channel" IN ('WEBSOCKET', 'PUSH');
DELETE FROM "NotificationDeliveryLog" WHERE "channel" IN ('WEBSOCKET', 'PUSH');
UPDATE "Notification"
SET "channels" = array_remove(array_remove("channels", 'WEBSOCKET'), 'PUSH')
WHERE "channels" && ARRAY['WEBSOCKET', 'PUSH']::"NotificationChannel"[];

ALTER TYPE "NotificationChannel" RENAME TO "NotificationChannel_old";
CREATE TYPE "NotificationChannel" AS ENUM ('IN_APP', 'EMAIL', 'SLACK', 'WEBHOOK');
ALTER TABLE "NotificationTemplate" ALTER COLUMN "channel" TYPE "NotificationChannel" USING ("channel"::text::"NotificationChannel");
ALTER TABLE "NotificationDeliveryLog" ALTER COLUMN "channel" TYPE "NotificationChannel" USING ("channel"::text::"NotificationChannel");
ALTER TABLE "NotificationPreference" ALTER COLUMN "channel" DROP DEFAULT,
ALTER COLUMN "channel" TYPE "NotificationChannel" USING ("channel"::text::"NotificationChannel"),
ALTER COLUMN "channel" SET DEFAULT 'IN_APP';
ALTER TABLE "Notification" ALTER COLUMN "channels" DROP DEFAULT,
ALTER COLUMN "channels" TYPE "NotificationChannel"[] USING ("channels"::text[]::"NotificationChannel"[]),
ALTER COLUMN "channels" SET DEFAULT ARRAY['IN_APP']::"NotificationChannel"[];
DROP TYPE "NotificationChannel_old";

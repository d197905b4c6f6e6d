-- Rollback of 20251118_remove_eclipse_correlation
-- Procedure: safe while the application runs; the index is built under a lock that blocks writes to
--   "EclipseAlert".
-- Loses: nothing.

CREATE TYPE "EclipseCorrelationStatus" AS ENUM ('SUGGESTED', 'CONFIRMED', 'REJECTED');
CREATE INDEX "EclipseAlert_correlation_lookup_idx" ON "EclipseAlert" USING GIN ("indicators" jsonb_path_ops) WHERE "resolvedAt" IS NULL;

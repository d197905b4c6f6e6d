-- Rollback of 20251118210258_remove_eclipse_correlation
-- Procedure: roll back 20251118_remove_eclipse_correlation first: it dropped the type and the index that the
--   correlator needs.
-- Loses: nothing more. The correlations were lost on the way up; the tables come back empty, and the
--   correlator can fill them again from the alerts.

-- CreateEnum
CREATE TYPE "EclipseCorrelationType" AS ENUM ('INFRASTRUCTURE', 'CONTENT', 'ACTOR');

-- CreateTable
CREATE TABLE "EclipseCorrelation" (
    "id" TEXT NOT NULL,
    "workspaceId" TEXT NOT NULL,
    "type" "EclipseCorrelationType" NOT NULL,
    "status" "EclipseCorrelationStatus" NOT NULL DEFAULT 'SUGGESTED',
    "confidence" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "summary" JSONB NOT NULL DEFAULT '{}',
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "EclipseCorrelation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "EclipseCorrelationAlert" (
    "correlationId" TEXT NOT NULL,
    "alertId" TEXT NOT NULL,
    "weight" DOUBLE PRECISION NOT NULL DEFAULT 1,

    CONSTRAINT "EclipseCorrelationAlert_pkey" PRIMARY KEY ("correlationId", "alertId")
);

-- CreateIndex
CREATE INDEX "EclipseCorrelation_workspaceId_status_idx" ON "EclipseCorrelation"("workspaceId", "status");

-- CreateIndex
CREATE INDEX "EclipseCorrelationAlert_alertId_idx" ON "EclipseCorrelationAlert"("alertId");

-- AddForeignKey
ALTER TABLE "EclipseCorrelation" ADD CONSTRAINT "EclipseCorrelation_workspaceId_fkey" FOREIGN KEY ("workspaceId") REFERENCES "Workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "EclipseCorrelationAlert" ADD CONSTRAINT "EclipseCorrelationAlert_correlationId_fkey" FOREIGN KEY ("correlationId") REFERENCES "EclipseCorrelation"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "EclipseCorrelationAlert" ADD CONSTRAINT "EclipseCorrelationAlert_alertId_fkey" FOREIGN KEY ("alertId") REFERENCES "EclipseAlert"("id") ON DELETE CASCADE ON UPDATE CASCADE;

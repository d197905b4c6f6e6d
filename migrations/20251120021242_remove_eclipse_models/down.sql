-- Rollback of 20251120021242_remove_eclipse_models
-- Procedure: the tables come back as 20251118_add_mitre_and_s3_key and 20251118_remove_eclipse_correlation
--   left them. To get the rows back, restore a snapshot from before this migration beside the
--   database and copy them.
-- Loses: nothing more. The brands, domains, alerts and evidence were lost on the way up; the tables come back
--   empty.

-- CreateEnum
CREATE TYPE "EclipseBrandStatus" AS ENUM ('ACTIVE', 'PAUSED', 'ARCHIVED');

-- CreateEnum
CREATE TYPE "EclipseDomainStatus" AS ENUM ('SUSPECTED', 'MALICIOUS', 'PARKED', 'TAKEN_DOWN', 'LEGITIMATE');

-- CreateEnum
CREATE TYPE "EclipseAlertType" AS ENUM ('TYPOSQUATTING', 'PHISHING', 'IMPERSONATION', 'DATA_LEAK');

-- CreateEnum
CREATE TYPE "EclipseAlertSeverity" AS ENUM ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL');

-- CreateEnum
CREATE TYPE "EclipseAlertStatus" AS ENUM ('OPEN', 'INVESTIGATING', 'RESOLVED', 'DISMISSED');

-- CreateTable
CREATE TABLE "EclipseBrand" (
    "id" TEXT NOT NULL,
    "workspaceId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "keywords" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "status" "EclipseBrandStatus" NOT NULL DEFAULT 'ACTIVE',
    "settings" JSONB NOT NULL DEFAULT '{}',
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "EclipseBrand_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "EclipseDomain" (
    "id" TEXT NOT NULL,
    "brandId" TEXT NOT NULL,
    "domain" TEXT NOT NULL,
    "status" "EclipseDomainStatus" NOT NULL DEFAULT 'SUSPECTED',
    "similarity" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "registrar" TEXT,
    "dns" JSONB NOT NULL DEFAULT '{}',
    "firstSeenAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lastSeenAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "EclipseDomain_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "EclipseAlert" (
    "id" TEXT NOT NULL,
    "brandId" TEXT NOT NULL,
    "domainId" TEXT,
    "type" "EclipseAlertType" NOT NULL,
    "severity" "EclipseAlertSeverity" NOT NULL DEFAULT 'MEDIUM',
    "status" "EclipseAlertStatus" NOT NULL DEFAULT 'OPEN',
    "title" TEXT NOT NULL,
    "indicators" JSONB NOT NULL DEFAULT '{}',
    "resolvedAt" TIMESTAMP(3),
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,
    "mitreTactic" TEXT,
    "mitreTechnique" TEXT,

    CONSTRAINT "EclipseAlert_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "EclipseAlert_mitreTechnique_check" CHECK ("mitreTechnique" ~ '^T[0-9]{4}(\.[0-9]{3})?$')
);

-- CreateTable
CREATE TABLE "EclipseEvidence" (
    "id" TEXT NOT NULL,
    "alertId" TEXT NOT NULL,
    "url" TEXT NOT NULL,
    "mimeType" TEXT,
    "sha256" TEXT,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "capturedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "s3Bucket" TEXT,
    "s3Key" TEXT,

    CONSTRAINT "EclipseEvidence_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "EclipseBrand_workspaceId_name_key" ON "EclipseBrand"("workspaceId", "name");

-- CreateIndex
CREATE INDEX "EclipseBrand_keywords_idx" ON "EclipseBrand" USING GIN ("keywords");

-- CreateIndex
CREATE UNIQUE INDEX "EclipseDomain_brandId_domain_key" ON "EclipseDomain"("brandId", "domain");

-- CreateIndex
CREATE INDEX "EclipseAlert_brandId_status_createdAt_idx" ON "EclipseAlert"("brandId", "status", "createdAt" DESC);

-- CreateIndex
CREATE INDEX "EclipseEvidence_alertId_idx" ON "EclipseEvidence"("alertId");

-- CreateIndex
CREATE INDEX "EclipseAlert_mitreTechnique_idx" ON "EclipseAlert"("mitreTechnique") WHERE "mitreTechnique" IS NOT NULL;

-- CreateIndex
CREATE UNIQUE INDEX "EclipseEvidence_s3Bucket_s3Key_key" ON "EclipseEvidence"("s3Bucket", "s3Key");

-- AddForeignKey
ALTER TABLE "EclipseBrand" ADD CONSTRAINT "EclipseBrand_workspaceId_fkey" FOREIGN KEY ("workspaceId") REFERENCES "Workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "EclipseDomain" ADD CONSTRAINT "EclipseDomain_brandId_fkey" FOREIGN KEY ("brandId") REFERENCES "EclipseBrand"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "EclipseAlert" ADD CONSTRAINT "EclipseAlert_brandId_fkey" FOREIGN KEY ("brandId") REFERENCES "EclipseBrand"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "EclipseAlert" ADD CONSTRAINT "EclipseAlert_domainId_fkey" FOREIGN KEY ("domainId") REFERENCES "EclipseDomain"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "EclipseEvidence" ADD CONSTRAINT "EclipseEvidence_alertId_fkey" FOREIGN KEY ("alertId") REFERENCES "EclipseAlert"("id") ON DELETE CASCADE ON UPDATE CASCADE;

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

-- CreateEnum
CREATE TYPE "EclipseCorrelationType" AS ENUM ('INFRASTRUCTURE', 'CONTENT', 'ACTOR');

-- CreateEnum
CREATE TYPE "EclipseCorrelationStatus" AS ENUM ('SUGGESTED', 'CONFIRMED', 'REJECTED');

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

    CONSTRAINT "EclipseAlert_pkey" PRIMARY KEY ("id")
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

    CONSTRAINT "EclipseEvidence_pkey" PRIMARY KEY ("id")
);

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
CREATE INDEX "EclipseCorrelation_workspaceId_status_idx" ON "EclipseCorrelation"("workspaceId", "status");

-- CreateIndex
CREATE INDEX "EclipseCorrelationAlert_alertId_idx" ON "EclipseCorrelationAlert"("alertId");

-- Added by hand: the correlator looks for open alerts that share an indicator
CREATE INDEX "EclipseAlert_correlation_lookup_idx" ON "EclipseAlert" USING GIN ("indicators" jsonb_path_ops) WHERE "resolvedAt" IS NULL;

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

-- AddForeignKey
ALTER TABLE "EclipseCorrelation" ADD CONSTRAINT "EclipseCorrelation_workspaceId_fkey" FOREIGN KEY ("workspaceId") REFERENCES "Workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "EclipseCorrelationAlert" ADD CONSTRAINT "EclipseCorrelationAlert_correlationId_fkey" FOREIGN KEY ("correlationId") REFERENCES "EclipseCorrelation"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "EclipseCorrelationAlert" ADD CONSTRAINT "EclipseCorrelationAlert_alertId_fkey" FOREIGN KEY ("alertId") REFERENCES "EclipseAlert"("id") ON DELETE CASCADE ON UPDATE CASCADE;

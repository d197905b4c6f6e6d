-- CreateEnum
CREATE TYPE "BrandStatus" AS ENUM ('ONBOARDING', 'ACTIVE', 'PAUSED', 'ARCHIVED');

-- CreateEnum
CREATE TYPE "BrandDomainStatus" AS ENUM ('OWNED', 'SUSPECTED', 'MALICIOUS', 'PARKED', 'TAKEN_DOWN', 'IGNORED');

-- CreateEnum
CREATE TYPE "BrandAlertType" AS ENUM ('TYPOSQUATTING', 'PHISHING', 'IMPERSONATION', 'SOCIAL_MEDIA', 'MOBILE_APP', 'CREDENTIAL_LEAK');

-- CreateEnum
CREATE TYPE "BrandAlertSeverity" AS ENUM ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL');

-- CreateEnum
CREATE TYPE "BrandAlertStatus" AS ENUM ('NEW', 'TRIAGED', 'TAKEDOWN_REQUESTED', 'RESOLVED', 'FALSE_POSITIVE');

-- CreateEnum
CREATE TYPE "EvidenceKind" AS ENUM ('SCREENSHOT', 'HTML', 'DNS', 'WHOIS', 'CERTIFICATE');

-- CreateEnum
CREATE TYPE "BrandScanStatus" AS ENUM ('QUEUED', 'RUNNING', 'DONE', 'FAILED');

-- CreateTable
CREATE TABLE "Brand" (
    "id" TEXT NOT NULL,
    "workspaceId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "keywords" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "status" "BrandStatus" NOT NULL DEFAULT 'ONBOARDING',
    "settings" JSONB NOT NULL DEFAULT '{}',
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Brand_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "BrandDomain" (
    "id" TEXT NOT NULL,
    "brandId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "status" "BrandDomainStatus" NOT NULL DEFAULT 'SUSPECTED',
    "similarity" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "dns" JSONB NOT NULL DEFAULT '{}',
    "firstSeenAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lastSeenAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "BrandDomain_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "BrandScan" (
    "id" TEXT NOT NULL,
    "brandId" TEXT NOT NULL,
    "status" "BrandScanStatus" NOT NULL DEFAULT 'QUEUED',
    "statistics" JSONB NOT NULL DEFAULT '{}',
    "error" TEXT,
    "startedAt" TIMESTAMP(3),
    "finishedAt" TIMESTAMP(3),
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "BrandScan_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "BrandAlert" (
    "id" TEXT NOT NULL,
    "brandId" TEXT NOT NULL,
    "domainId" TEXT,
    "scanId" TEXT,
    "type" "BrandAlertType" NOT NULL,
    "severity" "BrandAlertSeverity" NOT NULL DEFAULT 'MEDIUM',
    "status" "BrandAlertStatus" NOT NULL DEFAULT 'NEW',
    "title" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "indicators" JSONB NOT NULL DEFAULT '{}',
    "mitreTechnique" TEXT,
    "resolvedAt" TIMESTAMP(3),
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "BrandAlert_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "BrandAlert_mitreTechnique_check" CHECK ("mitreTechnique" ~ '^T[0-9]{4}(\.[0-9]{3})?$')
);

-- CreateTable
CREATE TABLE "BrandAlertEvidence" (
    "id" TEXT NOT NULL,
    "alertId" TEXT NOT NULL,
    "kind" "EvidenceKind" NOT NULL,
    "s3Bucket" TEXT NOT NULL,
    "s3Key" TEXT NOT NULL,
    "sha256" TEXT NOT NULL,
    "sizeBytes" BIGINT NOT NULL,
    "capturedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "BrandAlertEvidence_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "Brand_workspaceId_name_key" ON "Brand"("workspaceId", "name");

-- CreateIndex
CREATE UNIQUE INDEX "BrandDomain_brandId_name_key" ON "BrandDomain"("brandId", "name");

-- CreateIndex
CREATE INDEX "BrandScan_brandId_createdAt_idx" ON "BrandScan"("brandId", "createdAt" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "BrandScan_brandId_unfinished_key" ON "BrandScan"("brandId") WHERE "status" IN ('QUEUED', 'RUNNING');

-- CreateIndex
CREATE UNIQUE INDEX "BrandAlert_brandId_fingerprint_key" ON "BrandAlert"("brandId", "fingerprint");

-- CreateIndex
CREATE INDEX "BrandAlert_brandId_status_createdAt_idx" ON "BrandAlert"("brandId", "status", "createdAt" DESC);

-- CreateIndex
CREATE INDEX "BrandAlert_mitreTechnique_idx" ON "BrandAlert"("mitreTechnique") WHERE "mitreTechnique" IS NOT NULL;

-- CreateIndex
CREATE INDEX "BrandAlert_indicators_idx" ON "BrandAlert" USING GIN ("indicators" jsonb_path_ops);

-- CreateIndex
CREATE UNIQUE INDEX "BrandAlertEvidence_s3Bucket_s3Key_key" ON "BrandAlertEvidence"("s3Bucket", "s3Key");

-- CreateIndex
CREATE INDEX "BrandAlertEvidence_alertId_idx" ON "BrandAlertEvidence"("alertId");

-- AddForeignKey
ALTER TABLE "Brand" ADD CONSTRAINT "Brand_workspaceId_fkey" FOREIGN KEY ("workspaceId") REFERENCES "Workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "BrandDomain" ADD CONSTRAINT "BrandDomain_brandId_fkey" FOREIGN KEY ("brandId") REFERENCES "Brand"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "BrandScan" ADD CONSTRAINT "BrandScan_brandId_fkey" FOREIGN KEY ("brandId") REFERENCES "Brand"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "BrandAlert" ADD CONSTRAINT "BrandAlert_brandId_fkey" FOREIGN KEY ("brandId") REFERENCES "Brand"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "BrandAlert" ADD CONSTRAINT "BrandAlert_domainId_fkey" FOREIGN KEY ("domainId") REFERENCES "BrandDomain"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "BrandAlert" ADD CONSTRAINT "BrandAlert_scanId_fkey" FOREIGN KEY ("scanId") REFERENCES "BrandScan"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "BrandAlertEvidence" ADD CONSTRAINT "BrandAlertEvidence_alertId_fkey" FOREIGN KEY ("alertId") REFERENCES "BrandAlert"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AlterTable
ALTER TABLE "BrandAlert" ADD COLUMN     "acknowledgedAt" TIMESTAMP(3),
ADD COLUMN     "acknowledgedById" TEXT,
ADD COLUMN     "dueAt" TIMESTAMP(3),
ADD COLUMN     "falsePositiveReason" TEXT,
ADD COLUMN     "riskScore" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "tags" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- AddCheck
ALTER TABLE "BrandAlert" ADD CONSTRAINT "BrandAlert_riskScore_check" CHECK ("riskScore" BETWEEN 0 AND 100);

-- A first risk score, from the severity
UPDATE "BrandAlert"
SET "riskScore" = CASE "severity" WHEN 'CRITICAL' THEN 90 WHEN 'HIGH' THEN 70 WHEN 'MEDIUM' THEN 40 ELSE 10 END;

-- CreateIndex
CREATE INDEX "BrandAlert_dueAt_unresolved_idx" ON "BrandAlert"("dueAt") WHERE "resolvedAt" IS NULL;

-- CreateIndex
CREATE INDEX "BrandAlert_brandId_riskScore_idx" ON "BrandAlert"("brandId", "riskScore" DESC);

-- CreateIndex
CREATE INDEX "BrandAlert_tags_idx" ON "BrandAlert" USING GIN ("tags");

-- AddForeignKey
ALTER TABLE "BrandAlert" ADD CONSTRAINT "BrandAlert_acknowledgedById_fkey" FOREIGN KEY ("acknowledgedById") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- Rollback of 20251120052630_add_brand_alert_fields
-- Procedure: stop the application. The alerts themselves stay.
-- Loses: acknowledgements, due dates, reasons of false positives, risk scores and tags of alerts.

-- DropForeignKey
ALTER TABLE "BrandAlert" DROP CONSTRAINT "BrandAlert_acknowledgedById_fkey";

-- AlterTable
ALTER TABLE "BrandAlert" DROP COLUMN "acknowledgedAt",
DROP COLUMN "acknowledgedById",
DROP COLUMN "dueAt",
DROP COLUMN "falsePositiveReason",
DROP COLUMN "riskScore",
DROP COLUMN "tags";

-- Rollback of 20251120025530_add_eclipse_complete
-- Procedure: turn the module off for every workspace and stop its scanners. Export "BrandAlertEvidence" first:
--   the objects stay in S3, but only this table knows their keys.
-- Loses: everything of the redesigned Eclipse: brands, domains, scans, alerts and the register of evidence.

-- DropTable
DROP TABLE "BrandAlertEvidence";

-- DropTable
DROP TABLE "BrandAlert";

-- DropTable
DROP TABLE "BrandScan";

-- DropTable
DROP TABLE "BrandDomain";

-- DropTable
DROP TABLE "Brand";

-- DropEnum
DROP TYPE "BrandScanStatus";

-- DropEnum
DROP TYPE "EvidenceKind";

-- DropEnum
DROP TYPE "BrandAlertStatus";

-- DropEnum
DROP TYPE "BrandAlertSeverity";

-- DropEnum
DROP TYPE "BrandAlertType";

-- DropEnum
DROP TYPE "BrandDomainStatus";

-- DropEnum
DROP TYPE "BrandStatus";

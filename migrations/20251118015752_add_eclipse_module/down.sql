-- Rollback of 20251118015752_add_eclipse_module
-- Procedure: turn the module off for every workspace and stop its scanners.
-- Loses: everything of Eclipse: brands, domains, alerts, evidence and correlations.

-- DropTable
DROP TABLE "EclipseCorrelationAlert";

-- DropTable
DROP TABLE "EclipseCorrelation";

-- DropTable
DROP TABLE "EclipseEvidence";

-- DropTable
DROP TABLE "EclipseAlert";

-- DropTable
DROP TABLE "EclipseDomain";

-- DropTable
DROP TABLE "EclipseBrand";

-- DropEnum
DROP TYPE "EclipseCorrelationStatus";

-- DropEnum
DROP TYPE "EclipseCorrelationType";

-- DropEnum
DROP TYPE "EclipseAlertStatus";

-- DropEnum
DROP TYPE "EclipseAlertSeverity";

-- DropEnum
DROP TYPE "EclipseAlertType";

-- DropEnum
DROP TYPE "EclipseDomainStatus";

-- DropEnum
DROP TYPE "EclipseBrandStatus";

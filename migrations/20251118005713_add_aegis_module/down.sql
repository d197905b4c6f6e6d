-- Rollback of 20251118005713_add_aegis_module
-- Procedure: turn the module off for every workspace and stop its detectors. Blocked addresses and locked
--   users stay so: undo them first.
-- Loses: everything of Aegis: policies, rules, threats, detections and the record of responses.

-- DropTable
DROP TABLE "AegisResponse";

-- DropTable
DROP TABLE "AegisDetection";

-- DropTable
DROP TABLE "AegisThreat";

-- DropTable
DROP TABLE "AegisRule";

-- DropTable
DROP TABLE "AegisPolicy";

-- DropEnum
DROP TYPE "AegisResponseType";

-- DropEnum
DROP TYPE "AegisThreatStatus";

-- DropEnum
DROP TYPE "AegisPolicyMode";

-- DropEnum
DROP TYPE "AegisSeverity";

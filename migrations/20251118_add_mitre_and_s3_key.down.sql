-- Rollback of 20251118_add_mitre_and_s3_key
-- Procedure: export "s3Bucket" and "s3Key" first if the objects are to be found again; they stay in S3.
-- Loses: tactic and technique of alerts; bucket and key of evidence.

-- Indexes and the check go with their columns
ALTER TABLE "EclipseEvidence"
    DROP COLUMN "s3Bucket",
    DROP COLUMN "s3Key";

ALTER TABLE "EclipseAlert"
    DROP COLUMN "mitreTactic",
    DROP COLUMN "mitreTechnique";

-- MITRE ATT&CK fields of an alert, and where its evidence lies in S3.
-- Written by hand as a loose file, so Prisma does not see it.

ALTER TABLE "EclipseAlert"
    ADD COLUMN "mitreTactic" TEXT,
    ADD COLUMN "mitreTechnique" TEXT,
    ADD CONSTRAINT "EclipseAlert_mitreTechnique_check" CHECK ("mitreTechnique" ~ '^T[0-9]{4}(\.[0-9]{3})?$');

ALTER TABLE "EclipseEvidence"
    ADD COLUMN "s3Bucket" TEXT,
    ADD COLUMN "s3Key" TEXT;

CREATE INDEX "EclipseAlert_mitreTechnique_idx" ON "EclipseAlert"("mitreTechnique") WHERE "mitreTechnique" IS NOT NULL;
CREATE UNIQUE INDEX "EclipseEvidence_s3Bucket_s3Key_key" ON "EclipseEvidence"("s3Bucket", "s3Key");

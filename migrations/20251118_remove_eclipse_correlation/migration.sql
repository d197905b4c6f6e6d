-- What 20251118210258_remove_eclipse_correlation left behind: the index was added by hand and the enum was
-- still in the Prisma schema, so Prisma dropped neither. IF EXISTS: some databases were cleaned by hand.

DROP INDEX IF EXISTS "EclipseAlert_correlation_lookup_idx";
DROP TYPE IF EXISTS "EclipseCorrelationStatus";

/*
  Warnings:

  - You are about to drop the `EclipseCorrelation` table. If the table is not empty, all the data it contains will be lost.
  - You are about to drop the `EclipseCorrelationAlert` table. If the table is not empty, all the data it contains will be lost.

*/
-- DropForeignKey
ALTER TABLE "EclipseCorrelation" DROP CONSTRAINT "EclipseCorrelation_workspaceId_fkey";

-- DropForeignKey
ALTER TABLE "EclipseCorrelationAlert" DROP CONSTRAINT "EclipseCorrelationAlert_alertId_fkey";

-- DropForeignKey
ALTER TABLE "EclipseCorrelationAlert" DROP CONSTRAINT "EclipseCorrelationAlert_correlationId_fkey";

-- DropTable
DROP TABLE "EclipseCorrelation";

-- DropTable
DROP TABLE "EclipseCorrelationAlert";

-- DropEnum
DROP TYPE "EclipseCorrelationType";

/*
  Warnings:

  - You are about to drop the `EclipseAlert` table. If the table is not empty, all the data it contains will be lost.
  - You are about to drop the `EclipseBrand` table. If the table is not empty, all the data it contains will be lost.
  - You are about to drop the `EclipseDomain` table. If the table is not empty, all the data it contains will be lost.
  - You are about to drop the `EclipseEvidence` table. If the table is not empty, all the data it contains will be lost.

*/
-- DropForeignKey
ALTER TABLE "EclipseAlert" DROP CONSTRAINT "EclipseAlert_brandId_fkey";

-- DropForeignKey
ALTER TABLE "EclipseAlert" DROP CONSTRAINT "EclipseAlert_domainId_fkey";

-- DropForeignKey
ALTER TABLE "EclipseBrand" DROP CONSTRAINT "EclipseBrand_workspaceId_fkey";

-- DropForeignKey
ALTER TABLE "EclipseDomain" DROP CONSTRAINT "EclipseDomain_brandId_fkey";

-- DropForeignKey
ALTER TABLE "EclipseEvidence" DROP CONSTRAINT "EclipseEvidence_alertId_fkey";

-- DropTable
DROP TABLE "EclipseAlert";

-- DropTable
DROP TABLE "EclipseBrand";

-- DropTable
DROP TABLE "EclipseDomain";

-- DropTable
DROP TABLE "EclipseEvidence";

-- DropEnum
DROP TYPE "EclipseAlertSeverity";

-- DropEnum
DROP TYPE "EclipseAlertStatus";

-- DropEnum
DROP TYPE "EclipseAlertType";

-- DropEnum
DROP TYPE "EclipseBrandStatus";

-- DropEnum
DROP TYPE "EclipseDomainStatus";

-- CreateEnum
CREATE TYPE "AegisSeverity" AS ENUM ('INFO', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL');

-- CreateEnum
CREATE TYPE "AegisPolicyMode" AS ENUM ('MONITOR', 'ENFORCE', 'DISABLED');

-- CreateEnum
CREATE TYPE "AegisThreatStatus" AS ENUM ('OPEN', 'INVESTIGATING', 'CONTAINED', 'RESOLVED', 'FALSE_POSITIVE');

-- CreateEnum
CREATE TYPE "AegisResponseType" AS ENUM ('NOTIFY', 'BLOCK_IP', 'REVOKE_SESSION', 'LOCK_USER');

-- CreateTable
CREATE TABLE "AegisPolicy" (
    "id" TEXT NOT NULL,
    "workspaceId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT,
    "mode" "AegisPolicyMode" NOT NULL DEFAULT 'MONITOR',
    "settings" JSONB NOT NULL DEFAULT '{}',
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "AegisPolicy_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "AegisRule" (
    "id" TEXT NOT NULL,
    "policyId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "severity" "AegisSeverity" NOT NULL DEFAULT 'MEDIUM',
    "definition" JSONB NOT NULL,
    "isEnabled" BOOLEAN NOT NULL DEFAULT true,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "AegisRule_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "AegisThreat" (
    "id" TEXT NOT NULL,
    "workspaceId" TEXT NOT NULL,
    "assignedToId" TEXT,
    "title" TEXT NOT NULL,
    "severity" "AegisSeverity" NOT NULL DEFAULT 'MEDIUM',
    "status" "AegisThreatStatus" NOT NULL DEFAULT 'OPEN',
    "score" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "context" JSONB NOT NULL DEFAULT '{}',
    "firstSeenAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lastSeenAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "resolvedAt" TIMESTAMP(3),
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "AegisThreat_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "AegisThreat_score_check" CHECK ("score" >= 0 AND "score" <= 100)
);

-- CreateTable
CREATE TABLE "AegisDetection" (
    "id" TEXT NOT NULL,
    "workspaceId" TEXT NOT NULL,
    "ruleId" TEXT,
    "threatId" TEXT,
    "userId" TEXT,
    "sourceIp" INET,
    "fingerprint" TEXT NOT NULL,
    "event" JSONB NOT NULL,
    "detectedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "AegisDetection_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "AegisResponse" (
    "id" TEXT NOT NULL,
    "threatId" TEXT NOT NULL,
    "executedById" TEXT,
    "type" "AegisResponseType" NOT NULL,
    "parameters" JSONB NOT NULL DEFAULT '{}',
    "error" TEXT,
    "executedAt" TIMESTAMP(3),
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "AegisResponse_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "AegisPolicy_workspaceId_name_key" ON "AegisPolicy"("workspaceId", "name");

-- CreateIndex
CREATE INDEX "AegisRule_policyId_enabled_idx" ON "AegisRule"("policyId") WHERE "isEnabled";

-- CreateIndex
CREATE INDEX "AegisRule_definition_idx" ON "AegisRule" USING GIN ("definition" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "AegisThreat_workspaceId_status_severity_idx" ON "AegisThreat"("workspaceId", "status", "severity");

-- CreateIndex
CREATE INDEX "AegisThreat_workspaceId_active_idx" ON "AegisThreat"("workspaceId", "lastSeenAt" DESC) WHERE "status" IN ('OPEN', 'INVESTIGATING');

-- CreateIndex
CREATE INDEX "AegisDetection_workspaceId_detectedAt_idx" ON "AegisDetection"("workspaceId", "detectedAt" DESC);

-- CreateIndex
CREATE INDEX "AegisDetection_threatId_idx" ON "AegisDetection"("threatId");

-- CreateIndex
CREATE UNIQUE INDEX "AegisDetection_workspaceId_fingerprint_key" ON "AegisDetection"("workspaceId", "fingerprint");

-- CreateIndex
CREATE INDEX "AegisDetection_event_idx" ON "AegisDetection" USING GIN ("event" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "AegisResponse_threatId_idx" ON "AegisResponse"("threatId");

-- AddForeignKey
ALTER TABLE "AegisPolicy" ADD CONSTRAINT "AegisPolicy_workspaceId_fkey" FOREIGN KEY ("workspaceId") REFERENCES "Workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "AegisRule" ADD CONSTRAINT "AegisRule_policyId_fkey" FOREIGN KEY ("policyId") REFERENCES "AegisPolicy"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "AegisThreat" ADD CONSTRAINT "AegisThreat_workspaceId_fkey" FOREIGN KEY ("workspaceId") REFERENCES "Workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "AegisThreat" ADD CONSTRAINT "AegisThreat_assignedToId_fkey" FOREIGN KEY ("assignedToId") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "AegisDetection" ADD CONSTRAINT "AegisDetection_workspaceId_fkey" FOREIGN KEY ("workspaceId") REFERENCES "Workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "AegisDetection" ADD CONSTRAINT "AegisDetection_ruleId_fkey" FOREIGN KEY ("ruleId") REFERENCES "AegisRule"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "AegisDetection" ADD CONSTRAINT "AegisDetection_threatId_fkey" FOREIGN KEY ("threatId") REFERENCES "AegisThreat"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "AegisDetection" ADD CONSTRAINT "AegisDetection_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "AegisResponse" ADD CONSTRAINT "AegisResponse_threatId_fkey" FOREIGN KEY ("threatId") REFERENCES "AegisThreat"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "AegisResponse" ADD CONSTRAINT "AegisResponse_executedById_fkey" FOREIGN KEY ("executedById") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;

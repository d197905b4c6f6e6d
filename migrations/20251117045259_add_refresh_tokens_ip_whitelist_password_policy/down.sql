-- Rollback of 20251117045259_add_refresh_tokens_ip_whitelist_password_policy
-- Procedure: stop the application. Afterwards every user signs in again and no workspace is limited to its
--   addresses: ask the workspaces that used the whitelist.
-- Loses: refresh tokens, IP whitelists, password policies and password histories; when a password was changed
--   and who must change one.

-- DropTable
DROP TABLE "PasswordHistory";

-- DropTable
DROP TABLE "PasswordPolicy";

-- DropTable
DROP TABLE "IpWhitelist";

-- DropTable
DROP TABLE "RefreshToken";

-- AlterTable
ALTER TABLE "User" DROP COLUMN "mustChangePassword",
DROP COLUMN "passwordChangedAt";

INSERT INTO "User" SELECT 100 + count(*), 'ADMIN', NULL FROM "User";

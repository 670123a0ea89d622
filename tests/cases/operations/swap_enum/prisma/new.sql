INSERT INTO "User" SELECT 100 + count(*), 'OWNER', '{GUEST}' FROM "User";

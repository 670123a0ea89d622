INSERT INTO "App"."Users" VALUES (md5('old')::uuid, 'by old', NULL)
ON CONFLICT ("Id") DO UPDATE SET "Bio" = EXCLUDED."Bio";
UPDATE "App"."Users" SET photo = '{"n": 1.0}' WHERE "Id" = md5('1')::uuid;
UPDATE "App"."Users" SET photo = NULL, "Bio" = NULL WHERE "Id" = md5('15')::uuid;
UPDATE "App"."Users" SET "Bio" = 'other' WHERE "Id" = md5('3')::uuid;
DELETE FROM "App"."Users" WHERE "Id" = md5('5')::uuid;

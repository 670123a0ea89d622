INSERT INTO "App"."Users" ("Id") VALUES (md5('new')::uuid) ON CONFLICT DO NOTHING;
INSERT INTO profiles ("user", bio) VALUES (md5('new')::uuid, 'by new')
ON CONFLICT ("user") DO UPDATE SET bio = EXCLUDED.bio;
UPDATE profiles SET bio = NULL, photo = NULL WHERE "user" = md5('30')::uuid;
DELETE FROM profiles WHERE "user" = md5('6')::uuid;

INSERT INTO "Sales"."User""s %s lines" ("ID", "na""me") VALUES (2000, 'new') ON CONFLICT ("ID") DO UPDATE SET "select" = 2;
UPDATE "Sales"."User""s %s lines" SET naïve = 'new' WHERE "ID" = 9;
SELECT "ID", "na""me", "select", naïve FROM "Sales"."User""s %s lines" WHERE "ID" = 9;
INSERT INTO orders VALUES (2000, 2000) ON CONFLICT DO NOTHING;

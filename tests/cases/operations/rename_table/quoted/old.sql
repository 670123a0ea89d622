INSERT INTO "Sales"."Order Line" ("ID", "na""me") VALUES (1000, 'old') ON CONFLICT ("ID") DO UPDATE SET "select" = 2;
UPDATE "Sales"."Order Line" SET naïve = 'old' WHERE "ID" = 7;
SELECT "ID", "na""me", "select", naïve FROM "Sales"."Order Line" WHERE "ID" = 7;
INSERT INTO orders VALUES (1000, 1000) ON CONFLICT DO NOTHING;

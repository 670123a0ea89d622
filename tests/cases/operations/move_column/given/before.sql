CREATE SCHEMA "App";
CREATE TABLE "App"."Users" (
    "Id" uuid PRIMARY KEY,
    "Bio" varchar(40),
    photo jsonb
);
INSERT INTO "App"."Users"
SELECT md5(n::text)::uuid,
    CASE WHEN n % 3 = 0 THEN 'Bio ' || n END,
    CASE WHEN n % 5 = 0 THEN jsonb_build_object('n', n) END
FROM generate_series(1, 300) AS n;

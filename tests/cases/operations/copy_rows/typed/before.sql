CREATE TYPE kind AS ENUM ('home', 'work');
CREATE TABLE "Users" ("Id" uuid PRIMARY KEY, "group" integer NOT NULL, at timestamptz NOT NULL DEFAULT '2026-01-01 10:00:00.123456+00');
INSERT INTO "Users" SELECT md5(n::text)::uuid, n % 5 FROM generate_series(1, 60) AS n;
CREATE TABLE groups (id integer PRIMARY KEY, code varchar(3) COLLATE "C" NOT NULL);
INSERT INTO groups SELECT n, 'g' || n FROM generate_series(0, 4) AS n;

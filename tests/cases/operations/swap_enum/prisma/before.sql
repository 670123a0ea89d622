CREATE TYPE "Role" AS ENUM ('USER', 'ADMIN');
CREATE TABLE "User" (id bigint PRIMARY KEY, role "Role" NOT NULL DEFAULT 'USER', roles "Role"[]);
CREATE TABLE "Invite" (id bigint PRIMARY KEY, role "Role");
INSERT INTO "User" SELECT n, 'USER', '{ADMIN}' FROM generate_series(1, 20) AS n;

CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, team text);
INSERT INTO users (email, team) SELECT 'user' || n || '@example.org', 'team' || n % 5 FROM generate_series(1, 30) AS n;
CREATE TABLE logs (at timestamptz NOT NULL, line text);
CREATE TABLE "Odd One" (key int NOT NULL UNIQUE, n int);
ALTER TABLE "Odd One" REPLICA IDENTITY USING INDEX "Odd One_key_key";
CREATE TABLE parted (id int PRIMARY KEY, n int) PARTITION BY RANGE (id);
CREATE TABLE parted_a PARTITION OF parted DEFAULT;
CREATE TABLE above (id int PRIMARY KEY);
CREATE TABLE below () INHERITS (above);

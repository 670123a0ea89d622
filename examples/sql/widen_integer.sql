-- The key of users and what refers to it become bigint, and keep their names.
ALTER TABLE users ALTER COLUMN id TYPE bigint;
ALTER TABLE orders ALTER COLUMN user_id TYPE bigint;
ALTER SEQUENCE users_id_seq AS bigint;

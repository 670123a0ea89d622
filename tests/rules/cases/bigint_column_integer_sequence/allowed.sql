ALTER TABLE posts ALTER COLUMN id TYPE bigint;
ALTER SEQUENCE posts_id_seq AS bigint;

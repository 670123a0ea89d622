ALTER TABLE events ALTER COLUMN id TYPE bigint, ALTER COLUMN parent_id TYPE bigint;

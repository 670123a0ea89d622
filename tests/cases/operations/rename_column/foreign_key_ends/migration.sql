ALTER TABLE files ADD COLUMN folder bigint;
UPDATE files SET folder = parent_id;
ALTER TABLE files DROP COLUMN parent_id;

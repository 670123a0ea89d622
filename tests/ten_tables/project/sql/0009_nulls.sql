ALTER TABLE districts ADD CONSTRAINT uq_districts_parent_id_name
    UNIQUE NULLS NOT DISTINCT (parent_id, name);

-- zdm: run in expand -- all rows were checked
ALTER TABLE child ADD CONSTRAINT child_parent FOREIGN KEY (parent_id) REFERENCES parent;
-- zdm: run in expand -- the old version ignores it
ALTER TYPE mood ADD VALUE 'sad';
-- zdm: run in expand -- it is small
VACUUM FULL child;
-- zdm: run in expand -- nobody uses it yet
CREATE INDEX CONCURRENTLY child_x ON child (x);
-- zdm: run in expand -- it is small
DO $$ BEGIN ALTER TABLE child ALTER x TYPE varchar(200); END $$;
-- zdm: run in contract -- the new version knows both
ALTER TABLE parent ALTER name SET NOT NULL;

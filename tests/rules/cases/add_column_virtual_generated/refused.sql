ALTER TABLE users ADD COLUMN size integer GENERATED ALWAYS AS (length(email)) VIRTUAL CHECK (size > 0);

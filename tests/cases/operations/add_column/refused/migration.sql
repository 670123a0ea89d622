ALTER TABLE users ADD COLUMN a integer NOT NULL;
ALTER TABLE users ADD COLUMN d text GENERATED ALWAYS AS (lower(email)) STORED;
ALTER TABLE users ADD COLUMN email text;
ALTER TABLE missing ADD COLUMN f text;
-- zdm: run in expand -- it may add any column, for all that zdm knows
DO 'BEGIN END';
ALTER TABLE users ADD COLUMN IF NOT EXISTS b integer UNIQUE;
ALTER TABLE users ADD COLUMN IF NOT EXISTS e integer CHECK (e > 0);

-- zdm: default country = 'DE' -- the shop sold to no other country
ALTER TABLE users ADD COLUMN country char(2) NOT NULL;
-- zdm: default seen = now()
-- zdm: default "Score" = 0
ALTER TABLE users ADD COLUMN seen timestamptz NOT NULL, ADD COLUMN "Score" integer NOT NULL, ADD COLUMN note text;

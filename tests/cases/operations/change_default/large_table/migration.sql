ALTER TABLE users ALTER COLUMN score SET DEFAULT floor(random() * 100)::integer;

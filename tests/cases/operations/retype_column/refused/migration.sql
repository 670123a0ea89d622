ALTER TABLE items ALTER COLUMN price TYPE numeric(12,4);
ALTER TABLE items ALTER COLUMN data TYPE jsonb;
ALTER TABLE items ALTER COLUMN kind TYPE varchar(20);
ALTER TABLE items ALTER COLUMN name TYPE varchar(50);
ALTER TABLE items ALTER COLUMN size TYPE double precision;
ALTER TABLE items ALTER COLUMN quantity TYPE numeric;
ALTER TABLE items ALTER COLUMN made TYPE timestamptz USING made AT TIME ZONE 'UTC';

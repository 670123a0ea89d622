ALTER TABLE marks ALTER COLUMN code TYPE varchar(20);

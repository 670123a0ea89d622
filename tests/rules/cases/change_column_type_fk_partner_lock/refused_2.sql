ALTER TABLE posts ALTER COLUMN code TYPE varchar(20);

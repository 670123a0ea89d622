CREATE TABLE fresh (id bigserial PRIMARY KEY);
ALTER TABLE fresh RENAME TO accounts;
ALTER TABLE accounts ADD COLUMN email text;

ALTER TABLE par ADD COLUMN b text;
UPDATE par SET b = a;
ALTER TABLE par ADD COLUMN n serial;

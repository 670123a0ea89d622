CREATE OR REPLACE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN NEW.nickname := lower(NEW.nickname); RETURN NEW; END';
ALTER TABLE users ADD COLUMN shown text;
UPDATE users SET shown = nickname;

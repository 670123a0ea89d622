ALTER TABLE users RENAME TO accounts;
-- zdm: run in contract -- only its names change
CREATE OR REPLACE FUNCTION email_of(wanted bigint) RETURNS text LANGUAGE plpgsql
AS 'DECLARE u accounts%ROWTYPE; BEGIN SELECT * INTO u FROM accounts WHERE id = wanted; RETURN u.email; END';

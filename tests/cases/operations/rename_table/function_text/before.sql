CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);
INSERT INTO users SELECT i, 'u' || i FROM generate_series(1, 100) AS i;
CREATE FUNCTION email_of(wanted bigint) RETURNS text LANGUAGE plpgsql
AS 'DECLARE u users%ROWTYPE; BEGIN SELECT * INTO u FROM users WHERE id = wanted; RETURN u.email; END';

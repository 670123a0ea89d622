-- An earlier release added it NOT VALID, with a row that it would have refused.
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, name text);
INSERT INTO users SELECT i, 'u' || i || '@example.org', 'User ' || i FROM generate_series(1, 100) AS i;
UPDATE users SET email = 'none' WHERE id = 5;
ALTER TABLE users ADD CONSTRAINT users_email_check CHECK (email ~ '@') NOT VALID;
COMMENT ON CONSTRAINT users_email_check ON users IS 'an address';

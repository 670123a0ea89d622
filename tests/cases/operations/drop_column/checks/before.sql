-- Each CHECK could refuse the second row without e-mail.
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, phone text, born int, died int,
    CONSTRAINT present CHECK (email IS NOT NULL), CONSTRAINT shape CHECK (email ~ '@'),
    CONSTRAINT reachable CHECK (num_nonnulls(email, phone) >= 1));
ALTER TABLE users ADD CONSTRAINT lived CHECK (born < died) NOT VALID;
COMMENT ON CONSTRAINT lived ON users IS 'in this order';
INSERT INTO users SELECT g, g || '@example.org', NULL, 1900, 1980 FROM generate_series(1, 500) AS g;

CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, name text);
INSERT INTO users SELECT i, 'u' || i || '@example.org', 'User ' || i FROM generate_series(1, 5000) AS i;
ALTER TABLE users ADD CONSTRAINT users_name_check CHECK (length(name) < 200) NOT VALID;
ANALYZE users;

CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, name text);
INSERT INTO users SELECT i, 'u' || i || '@example.org', 'User ' || i FROM generate_series(1, 100) AS i;
CREATE TABLE sessions (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id bigint NOT NULL, token text);
CREATE INDEX sessions_token ON sessions (token);
INSERT INTO sessions (user_id, token) SELECT i, 's' || i FROM generate_series(1, 100) AS i;

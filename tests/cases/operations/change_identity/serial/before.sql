CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL);
INSERT INTO users (email) SELECT 'user' || n || '@example.org' FROM generate_series(1, 30) AS n;
COMMENT ON SEQUENCE users_id_seq IS 'numbers of users';

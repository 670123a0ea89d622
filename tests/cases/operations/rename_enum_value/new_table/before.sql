CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, mood mood NOT NULL DEFAULT 'ok');
INSERT INTO users SELECT i, 'u' || i || '@example.org', CASE WHEN i % 2 = 0 THEN 'sad' ELSE 'happy' END::mood FROM generate_series(1, 100) AS i;

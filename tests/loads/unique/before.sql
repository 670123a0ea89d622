CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, seen int NOT NULL DEFAULT 0);
INSERT INTO users SELECT g, 'u' || g FROM generate_series(1, :rows) AS g;

CREATE TABLE users (id bigint PRIMARY KEY, seen int NOT NULL DEFAULT 0, name text NOT NULL,
    bio text);
INSERT INTO users (id, name, bio)
SELECT g, 'u' || g, CASE WHEN g % 2 = 0 THEN 'b' || g END FROM generate_series(1, :rows) AS g;

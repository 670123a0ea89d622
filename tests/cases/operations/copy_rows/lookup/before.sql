CREATE TABLE posts (id bigint PRIMARY KEY, title text, tag text, tags text[] NOT NULL DEFAULT '{}');
INSERT INTO posts SELECT n, 'Post ' || n, CASE WHEN n % 4 > 0 THEN 'tag ' || n % 10 END, ARRAY['a' || n % 3, 'b' || n % 5] FROM generate_series(1, 100) AS n;

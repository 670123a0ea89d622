CREATE TABLE countries (code text PRIMARY KEY);
INSERT INTO countries VALUES ('nl'), ('fr'), ('de');
CREATE TABLE users (
    id bigint PRIMARY KEY,
    country text DEFAULT 'nl' REFERENCES countries (code) ON DELETE SET NULL
);
CREATE INDEX users_country ON users (country);
INSERT INTO users (id, country) SELECT n, 'fr' FROM generate_series(1, 500) AS n;

-- Once the old column gets no more values, each of these would refuse what the new version writes.
CREATE TABLE teams (area int, number int, PRIMARY KEY (area, number));
INSERT INTO teams VALUES (1, 1), (1, 2);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, number int, area int, name text,
    CHECK (num_nonnulls(email, name) >= 1), FOREIGN KEY (area, number) REFERENCES teams MATCH FULL);
CREATE UNIQUE INDEX by_email ON users (coalesce(email, ''));
CREATE UNIQUE INDEX by_name ON users (name) WHERE email IS NULL;
INSERT INTO users SELECT g, g, 1, 1 FROM generate_series(1, 50) AS g;

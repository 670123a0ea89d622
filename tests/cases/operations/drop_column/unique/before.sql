-- None of these refuses a row without the column that is accepted when the column is gone.
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE, token uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    area int, number int, at tsrange, EXCLUDE USING gist (at WITH &&), UNIQUE (area, number));
CREATE UNIQUE INDEX lowered ON users (lower(email));
CREATE UNIQUE INDEX wider ON users (id, email);
INSERT INTO users (id, email) SELECT g, g FROM generate_series(1, 500) AS g;

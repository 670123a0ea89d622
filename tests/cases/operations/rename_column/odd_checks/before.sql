-- Constraints that a plain sample row does not meet, and one that none does.
CREATE TYPE address AS (street text, number int);
CREATE DOMAIN large AS int CHECK (VALUE > 100);
CREATE TABLE booking (
    id bigint PRIMARY KEY,
    note text,
    country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    starts date NOT NULL DEFAULT '2020-01-01',
    ends date NOT NULL DEFAULT '2020-02-01',
    place address NOT NULL,
    amount large NOT NULL,
    CHECK (starts < ends)
);
INSERT INTO booking (id, note, country, place, amount)
SELECT g, 'n' || g, 'DE', ROW('s', 1)::address, 101
FROM generate_series(1, 50) AS g;
CREATE TABLE hashed (id text PRIMARY KEY CHECK (md5(id) LIKE '00%'), note text);

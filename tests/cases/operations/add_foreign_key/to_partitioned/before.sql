CREATE TABLE accounts (id bigint PRIMARY KEY, name text) PARTITION BY HASH (id);
CREATE TABLE accounts_0 PARTITION OF accounts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE accounts_1 PARTITION OF accounts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO accounts SELECT n, 'a' FROM generate_series(1, 10) AS n;
CREATE TABLE notes (id bigserial PRIMARY KEY, account_id bigint);
CREATE INDEX ON notes (account_id);
INSERT INTO notes (account_id) SELECT n FROM generate_series(1, 10) AS n;

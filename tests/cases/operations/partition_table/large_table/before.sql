CREATE TABLE accounts (id bigint PRIMARY KEY);
INSERT INTO accounts SELECT n FROM generate_series(1, 50) AS n;
CREATE TABLE entries (
    id bigserial,
    day date NOT NULL,
    account_id bigint NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    amount numeric NOT NULL DEFAULT 0,
    PRIMARY KEY (id, day)
);
CREATE INDEX entries_account ON entries (account_id);
INSERT INTO entries (day, account_id, amount)
SELECT date '2025-01-01' + n % 300, n % 50 + 1, n FROM generate_series(1, 20000) AS n;
ANALYZE entries;

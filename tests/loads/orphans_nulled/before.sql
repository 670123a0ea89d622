CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE visits (id bigint PRIMARY KEY, customer_id bigint,
    seen int NOT NULL DEFAULT 0);
INSERT INTO customers SELECT g, 'c' || g FROM generate_series(1, :rows) AS g;
INSERT INTO visits SELECT g, CASE WHEN g % 100 = 0 THEN -g ELSE g END
FROM generate_series(1, :rows) AS g;

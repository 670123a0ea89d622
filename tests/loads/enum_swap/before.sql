CREATE TYPE status AS ENUM ('open', 'paid');
CREATE TABLE orders (id bigint PRIMARY KEY, status status NOT NULL DEFAULT 'open',
    seen int NOT NULL DEFAULT 0);
INSERT INTO orders SELECT g, (ARRAY['open', 'paid'])[1 + g % 2]::status
FROM generate_series(1, :rows) AS g;
CREATE INDEX orders_status_idx ON orders (status, id);

CREATE TABLE orders (
    id bigint PRIMARY KEY,
    state text NOT NULL DEFAULT 'new' CONSTRAINT ck_state CHECK (state IN ('new', 'paid', 'sent')),
    total integer
);
CREATE INDEX ix_orders_state ON orders (state);
CREATE INDEX ix_orders_unpaid ON orders (total) WHERE state = 'new';
INSERT INTO orders (id, state, total)
SELECT n, (ARRAY['new', 'paid', 'sent'])[1 + n % 3], n FROM generate_series(1, 300) AS n;

CREATE TYPE order_state AS ENUM ('new', 'paid', 'sent');

ALTER TABLE orders ADD COLUMN status order_state;

UPDATE orders SET status = state::order_state;

ALTER TABLE orders ALTER COLUMN status SET NOT NULL;

CREATE INDEX ix_orders_status ON orders (status);

ALTER TABLE orders DROP CONSTRAINT ck_state;

DROP INDEX ix_orders_state;

DROP INDEX ix_orders_unpaid;

ALTER TABLE orders DROP COLUMN state;

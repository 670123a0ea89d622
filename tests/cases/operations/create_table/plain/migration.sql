CREATE TABLE orders (id serial PRIMARY KEY, user_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE, total numeric(10,2) DEFAULT 0 CHECK (total >= 0), UNIQUE (user_id, total));
CREATE INDEX ON orders (user_id);
ALTER TABLE orders ADD COLUMN placed_at timestamptz NOT NULL DEFAULT clock_timestamp();

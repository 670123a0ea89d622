-- Customers read their own orders alone.
CREATE POLICY own_orders ON orders USING (user_id = current_setting('app.user_id', true)::bigint);
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;

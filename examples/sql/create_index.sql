-- The monthly report reads orders by product and time.
CREATE INDEX ix_orders_product_id_ordered_at ON orders (product_id, ordered_at);

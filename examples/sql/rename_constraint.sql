-- Constraints are named after their kind.
ALTER TABLE orders RENAME CONSTRAINT orders_user_id_fkey TO fk_orders_user_id;

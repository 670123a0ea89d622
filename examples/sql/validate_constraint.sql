-- Rows from before the constraint are checked, too.
ALTER TABLE orders VALIDATE CONSTRAINT orders_user_id_fkey;

-- An order is of one product or more.
ALTER TABLE orders ADD CONSTRAINT orders_quantity_check CHECK (quantity > 0);

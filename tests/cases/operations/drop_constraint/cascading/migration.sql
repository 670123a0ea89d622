-- The old version may rely on ON DELETE CASCADE.
ALTER TABLE orders DROP CONSTRAINT orders_customer;

ALTER TABLE orders ADD CONSTRAINT orders_total CHECK (orders.total >= 0), ADD CHECK (state IN ('open', 'done')), ADD CHECK (total > discount OR state = 'open');

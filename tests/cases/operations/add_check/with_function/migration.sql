SET search_path = app, public;
ALTER TABLE orders ADD CONSTRAINT orders_fits CHECK (fits(total));

ALTER TABLE taken ADD CONSTRAINT k FOREIGN KEY (id) REFERENCES orders (id);
ALTER TABLE orders ADD FOREIGN KEY (missing) REFERENCES customers (id);
ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers (missing);
ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers (name);
ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES missing (id);
ALTER TABLE orders ADD FOREIGN KEY (customer_id, id) REFERENCES customers (id);
ALTER TABLE ONLY events ADD FOREIGN KEY (id) REFERENCES customers (id);

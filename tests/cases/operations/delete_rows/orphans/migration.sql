DELETE FROM items AS i WHERE NOT EXISTS (SELECT FROM orders AS o WHERE o.id = i.order_id);
ALTER TABLE items ADD CONSTRAINT items_order_fkey FOREIGN KEY (order_id) REFERENCES orders (id);

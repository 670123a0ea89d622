ALTER TABLE orders ADD COLUMN total numeric;
UPDATE orders AS o SET total = i.total FROM (SELECT order_id, sum(price) AS total FROM items GROUP BY order_id) AS i WHERE i.order_id = o.id;
UPDATE orders SET state = 'done' FROM items WHERE items.order_id = orders.id AND items.price > 90;
UPDATE orders SET paid = (SELECT max(price) FROM items WHERE order_id = orders.id) WHERE paid IS NULL;

-- before
INSERT INTO orders (id, customer_id, amount) VALUES (:new, -1, 1);
-- meanwhile
INSERT INTO orders (id, customer_id, amount) VALUES (:new, -2, 1);

-- before
INSERT INTO orders (id, customer_id) VALUES (:new, -1);
-- meanwhile
INSERT INTO orders (id, customer_id) VALUES (:new, -2);

INSERT INTO customers (name) VALUES ('old');
INSERT INTO orders (customer_id) SELECT max(id) FROM customers;
INSERT INTO visits (customer_id) SELECT max(id) FROM customers;
UPDATE visits SET customer_id = 1 WHERE customer_id = 2;
DELETE FROM customers WHERE id = (SELECT max(id) FROM customers);
SELECT customers.name, count(*) FROM customers JOIN orders ON customer_id = customers.id
    GROUP BY customers.id;

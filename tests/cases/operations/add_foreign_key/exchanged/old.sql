INSERT INTO orders (customer_id, payer_id) VALUES (1, 2);

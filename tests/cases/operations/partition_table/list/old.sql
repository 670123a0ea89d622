INSERT INTO orders VALUES (1000, 'AU', 5)
ON CONFLICT ON CONSTRAINT orders_country_id_key DO UPDATE SET total = EXCLUDED.total;
DELETE FROM orders WHERE id = 1000 AND country = 'AU';

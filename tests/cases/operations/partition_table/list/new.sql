INSERT INTO orders VALUES (2000, 'AU', 5)
ON CONFLICT ON CONSTRAINT orders_country_id_key DO UPDATE SET total = EXCLUDED.total;
DELETE FROM orders WHERE id = 2000 AND country = 'AU';

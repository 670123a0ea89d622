-- What the new version writes stays when it updates the source alone.
INSERT INTO orders (id, code, mail) VALUES (2000, 1, 5000) ON CONFLICT (id) DO UPDATE SET mail = 5000;
UPDATE orders SET code = code + 1 WHERE id = 2000;
SELECT 1 / count(*) FROM orders WHERE id = 2000 AND mail = 5000;
-- What it computes follows the old version.
SELECT 1 / count(*) FROM orders WHERE id = 7 AND mail = code;

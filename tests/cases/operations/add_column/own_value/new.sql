-- What the new version writes stays when it updates the source alone.
INSERT INTO orders (id, code, mail) VALUES (2000, 1, 5000) ON CONFLICT (id) DO UPDATE SET mail = 5000;
UPDATE orders SET code = code + 1 WHERE id = 2000;
SELECT 1 / count(*) FROM orders WHERE id = 2000 AND mail = 5000;
-- So does the value that it sets again beside another source.
INSERT INTO orders (id, code, mail) VALUES (2001, 1, 1), (2002, 1, 1) ON CONFLICT (id) DO UPDATE SET code = 1, mail = 1;
UPDATE orders SET code = 2, mail = 1 WHERE id = 2001;
SELECT 1 / count(*) FROM orders WHERE id = 2001 AND mail = 1;
UPDATE orders SET code = 3, mail = mail WHERE id IN (2001, 2002);
SELECT 1 / (count(*) - 1) FROM orders WHERE id IN (2001, 2002) AND code = 3 AND mail = 1;
-- What it computes follows the old version.
SELECT 1 / count(*) FROM orders WHERE id = 7 AND mail = code;

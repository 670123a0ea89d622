INSERT INTO prices (item, price, discount) VALUES (100001, 1.255, 2.25) ON CONFLICT (item, price) DO UPDATE SET discount = prices.discount + 0.25;
INSERT INTO prices (item) VALUES (100002) ON CONFLICT ON CONSTRAINT prices_pkey DO NOTHING;
UPDATE prices SET rate = 3.7 WHERE item = 5;
UPDATE prices SET discount = NULL WHERE item = 6;
UPDATE prices SET price = price * 1.1 WHERE item = 7;
SELECT item FROM prices WHERE price = 2.86 AND discount >= 1;

INSERT INTO prices (item, price, discount) VALUES (100003, 1.25::numeric(14,4), 2.5) ON CONFLICT (item, price) DO UPDATE SET discount = 3;
UPDATE prices SET rate = 8 WHERE item = 8;
UPDATE prices SET rate = NULL WHERE item = 9;

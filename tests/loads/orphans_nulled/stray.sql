-- before
INSERT INTO visits (id, customer_id) VALUES (:new, -1);
-- meanwhile
INSERT INTO visits (id, customer_id) VALUES (:new, -2);

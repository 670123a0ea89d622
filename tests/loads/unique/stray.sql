-- before
INSERT INTO users (id, email) VALUES (:new, 'u1');
-- meanwhile
INSERT INTO users (id, email) VALUES (:new, 'u2');

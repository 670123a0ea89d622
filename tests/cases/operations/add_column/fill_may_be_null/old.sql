-- Accepted until the old version is gone, though no value follows from it.
INSERT INTO users (id, email) VALUES (1000, NULL);
DELETE FROM users WHERE id = 1000;

INSERT INTO events (kind) VALUES ('more');
SELECT nextval('numbers');

INSERT INTO orders (note) VALUES ('new');
SELECT nextval('tickets');

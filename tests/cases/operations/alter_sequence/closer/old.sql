INSERT INTO orders (note) VALUES ('old');
SELECT nextval('tickets');

INSERT INTO orders (note) VALUES ('old');

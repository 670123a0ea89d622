INSERT INTO orders (note) VALUES ('new');

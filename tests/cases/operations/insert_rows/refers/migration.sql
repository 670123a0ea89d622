INSERT INTO ch (id, pid, a, b) VALUES (901, 77, 5, 'x y'), (902, 77, NULL, NULL);

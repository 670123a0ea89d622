INSERT INTO orders (user_id, total) VALUES (2, random() * 1000);

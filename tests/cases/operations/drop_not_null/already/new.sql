INSERT INTO users (id, email) VALUES (1000 + (SELECT count(*) FROM users), 'x');

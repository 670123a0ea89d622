INSERT INTO users (email) VALUES ('old@example.org');
UPDATE users SET email = 'changed@example.org' WHERE id = 1;
SELECT id, email FROM users WHERE team = 'team1' AND city = 'city1';

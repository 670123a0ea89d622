INSERT INTO users (email, team) VALUES ('old@example.org', 'team1');
UPDATE users SET email = 'changed@example.org' WHERE id = 1;

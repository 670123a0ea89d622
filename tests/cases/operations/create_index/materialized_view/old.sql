INSERT INTO users (email, team) VALUES ('old@example.org', 'team1');
UPDATE users SET email = 'changed@example.org' WHERE id = 1;
SELECT team, members FROM teams WHERE team = 'team1';

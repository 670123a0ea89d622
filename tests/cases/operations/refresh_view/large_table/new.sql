INSERT INTO users (email, team) VALUES ('new@example.org', 'team2');
UPDATE users SET email = 'changed@example.org' WHERE id = 1;
SELECT team, members FROM teams WHERE team = 'team1';

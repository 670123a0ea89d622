INSERT INTO users (email) VALUES ('new' || clock_timestamp());
UPDATE users SET team = 'red' WHERE id = 1;
SELECT id, email FROM users WHERE team = 'team1';

INSERT INTO users (email, team_id) VALUES ('new@example.org', 1);

INSERT INTO users (id, team_id) VALUES (1000, 2) ON CONFLICT (id) DO UPDATE SET team_id = 1;
SELECT id, team_id FROM users;

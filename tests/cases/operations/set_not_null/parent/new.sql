INSERT INTO users (id, team) VALUES (2000, 1) ON CONFLICT (id) DO UPDATE SET team = 0;

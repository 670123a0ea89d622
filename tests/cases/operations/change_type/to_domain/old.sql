INSERT INTO users (id, name) VALUES (1000, 'old') ON CONFLICT (id) DO UPDATE SET name = NULL;

INSERT INTO users (id, email) VALUES (1000, 'old') ON CONFLICT (id) DO UPDATE SET email = 'older';

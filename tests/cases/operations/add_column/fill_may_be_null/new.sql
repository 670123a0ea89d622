INSERT INTO users (id, email, mail) VALUES (2000, NULL, 'new') ON CONFLICT (id) DO NOTHING;

INSERT INTO users (id, mail) VALUES (2000, 'new') ON CONFLICT (id) DO NOTHING;

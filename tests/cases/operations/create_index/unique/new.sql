INSERT INTO users (email, nickname) VALUES ('new@example.org', 'unique') ON CONFLICT (nickname) DO NOTHING;

INSERT INTO users (id, country) VALUES (1000, 'de') ON CONFLICT (id) DO UPDATE SET country = 'fr';
SELECT id, country FROM users WHERE country = 'de';

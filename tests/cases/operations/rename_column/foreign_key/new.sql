INSERT INTO users (id, country_code) VALUES (2000, 'de') ON CONFLICT (id) DO UPDATE SET country_code = 'nl';
SELECT id, country_code FROM users WHERE country_code = 'de';

INSERT INTO users (email, nickname) SELECT 'u' || gen_random_uuid(), 'n' || gen_random_uuid();
UPDATE users SET tenant = 2 WHERE id = 1;
SELECT id, email, nickname FROM users WHERE id = 2;

SELECT id, email FROM users WHERE id = 1;
UPDATE users SET name = 'changed by new' WHERE id = 8;
INSERT INTO teams VALUES (9) ON CONFLICT (id) DO NOTHING;
DELETE FROM teams WHERE id = 9;

INSERT INTO users (id, name, bio) VALUES (1000, 'Old', 'by old')
ON CONFLICT (id) DO UPDATE SET bio = EXCLUDED.bio;
UPDATE users SET bio = 'changed by old' WHERE id = 7;
DELETE FROM users WHERE id = 9;
SELECT id, bio FROM users WHERE bio = 'changed by old';

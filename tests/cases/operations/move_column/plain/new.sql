INSERT INTO users (id, name) VALUES (2000, 'New') ON CONFLICT DO NOTHING;
INSERT INTO profiles (user_id, bio) VALUES (2000, 'by new')
ON CONFLICT (user_id) DO UPDATE SET bio = EXCLUDED.bio;
UPDATE profiles SET bio = 'changed by new' WHERE user_id = 8;
DELETE FROM users WHERE id = 11;
DELETE FROM profiles WHERE user_id = 13;
SELECT id, p.bio FROM users JOIN profiles AS p ON user_id = id WHERE p.bio = 'changed by new';

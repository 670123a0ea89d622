INSERT INTO subscribers (user_id, email) SELECT id, lower(email) FROM users WHERE id % 2 = 0 ON CONFLICT (email) DO NOTHING;

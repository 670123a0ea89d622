INSERT INTO subscribers (email, user_id) VALUES ('new@example.org', 0) ON CONFLICT (email) DO UPDATE SET user_id = excluded.user_id;

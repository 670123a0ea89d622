SELECT p.bio FROM users JOIN profiles AS p ON user_id = id;

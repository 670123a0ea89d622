SELECT bio FROM users JOIN profiles ON user_id = id;

INSERT INTO logins (user_id) VALUES (1);

INSERT INTO settings (user_id, theme) SELECT u.id, 'dark' FROM users AS u WHERE u.active AND NOT EXISTS (SELECT FROM settings AS s WHERE s.user_id = u.id);

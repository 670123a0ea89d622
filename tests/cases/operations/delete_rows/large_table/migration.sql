DELETE FROM users AS u WHERE u.nickname IS NULL AND u.id > 100;

UPDATE users AS u SET nickname = 'n' || u.id WHERE u.nickname IS NULL AND u.id > 100;

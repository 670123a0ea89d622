UPDATE shop.users SET mood = 'good', size = 's' WHERE id = 3;
SELECT mood FROM shop.users;

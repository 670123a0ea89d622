UPDATE shop.users SET email = 'old' WHERE id = 2;

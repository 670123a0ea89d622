UPDATE old_shop.users SET email = 'b';

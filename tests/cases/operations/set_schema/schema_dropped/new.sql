SELECT email FROM shop.users;

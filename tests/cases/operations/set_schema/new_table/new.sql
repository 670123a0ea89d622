SELECT users.id FROM shop.users, shop.fresh;

UPDATE orders SET user_id = 5 WHERE id = 4;

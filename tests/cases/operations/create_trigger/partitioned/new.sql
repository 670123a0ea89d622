UPDATE orders SET user_id = 6 WHERE id = 4;

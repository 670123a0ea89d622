UPDATE orders SET city = 'Old' WHERE id = 1;

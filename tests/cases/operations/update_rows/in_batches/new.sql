UPDATE orders SET label = 'new' WHERE id = 3;
SELECT total FROM orders;

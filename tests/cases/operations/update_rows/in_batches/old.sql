UPDATE orders SET label = 'old' WHERE id = 3;
SELECT state FROM orders;

UPDATE items SET label = 'old' WHERE id = 3;

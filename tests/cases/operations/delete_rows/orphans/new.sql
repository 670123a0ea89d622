UPDATE items SET label = 'new' WHERE id = 3;

UPDATE t SET a = 'x', b = 'y' WHERE id = 1;

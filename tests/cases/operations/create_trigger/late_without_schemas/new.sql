UPDATE packages SET name = 'mine' WHERE id = 2;

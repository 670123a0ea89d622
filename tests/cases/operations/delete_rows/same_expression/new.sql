UPDATE subscribers SET note = 'new' WHERE id = 3;

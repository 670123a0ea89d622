UPDATE subscribers SET note = 'old' WHERE id = 3;

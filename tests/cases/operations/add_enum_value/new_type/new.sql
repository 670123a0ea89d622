UPDATE users SET colour = 'green' WHERE id = 1;

UPDATE users SET mood = 'ok' WHERE id = 1 AND 'red'::colour < 'green';

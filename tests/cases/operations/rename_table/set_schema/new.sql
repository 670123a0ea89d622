UPDATE archive.users SET city = 'Rom' WHERE id = 1;
SELECT id FROM archive.users;

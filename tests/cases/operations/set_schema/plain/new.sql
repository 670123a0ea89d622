UPDATE archive.users SET city = 'Rom' WHERE id = 1;
SET ROLE case_reader;
SELECT users.id FROM archive.users, archive.notes;
RESET ROLE;

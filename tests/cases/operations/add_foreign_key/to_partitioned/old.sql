INSERT INTO notes (account_id) VALUES (1);
UPDATE accounts SET name = 'b' WHERE id = 1;

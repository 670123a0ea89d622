SELECT email_of(1), email FROM accounts WHERE id = 1;
UPDATE accounts SET email = 'new' WHERE id = 3;

ALTER TABLE notes ADD FOREIGN KEY (account_id) REFERENCES accounts (id);

UPDATE users SET email = 'none@example.org' WHERE email = 'none';
ALTER TABLE users VALIDATE CONSTRAINT users_email_check;

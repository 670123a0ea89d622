ALTER TRIGGER tidy ON users RENAME TO users_tidy;

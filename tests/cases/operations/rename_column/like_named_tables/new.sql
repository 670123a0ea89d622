UPDATE user_email SET y = 'n' WHERE id = 2;
UPDATE "user" SET email_y = 'n' WHERE id = 2;

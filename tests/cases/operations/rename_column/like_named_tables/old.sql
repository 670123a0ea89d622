UPDATE user_email SET x = 'o' WHERE id = 1;
UPDATE "user" SET a = 'o' WHERE id = 1;

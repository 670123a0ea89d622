UPDATE "Users" SET team_id = 2 WHERE id = 5;
UPDATE notes SET user_id = 6 WHERE id = 5;

UPDATE users SET name = 'changed by old' WHERE id = 7;
INSERT INTO "Sessions" (user_id, team_id, token) VALUES (7, 1, 't');
DELETE FROM "Sessions" WHERE token = 't';

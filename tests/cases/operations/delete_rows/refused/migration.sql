DELETE FROM users;
DELETE FROM users WHERE id IN (SELECT user_id FROM posts LIMIT 5);
DELETE FROM posts WHERE id NOT IN (SELECT min(id) FROM posts GROUP BY user_id);
DELETE FROM posts WHERE user_id > random();
DELETE FROM users WHERE email = 'x';
DELETE FROM folders WHERE name IS NULL;
DELETE FROM folders WHERE id = 1 AND name = 'b';
UPDATE folders SET name = 'a' WHERE name = 'b';

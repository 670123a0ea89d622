INSERT INTO lines SELECT max(id) + 1, max(number) + 1, 'b' FROM lines;
UPDATE lines SET body = 'x' WHERE id = 1;
SELECT id, body FROM lines WHERE id = 2;

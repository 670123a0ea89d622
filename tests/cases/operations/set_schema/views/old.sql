SELECT id FROM above;
INSERT INTO people VALUES (3, 'c') ON CONFLICT (id) DO UPDATE SET email = 'd';
DELETE FROM people WHERE id = 3;
SELECT id FROM seen;

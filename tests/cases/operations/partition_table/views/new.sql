INSERT INTO events (id, day, note) VALUES (2000, '2026-05-05', 'a');
UPDATE recent SET note = 'b' WHERE id = 2000;
DELETE FROM events WHERE id = 2000;
SELECT note, events FROM counted;
SELECT id FROM of_recent;

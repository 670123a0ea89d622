INSERT INTO events (id, day, note) VALUES (1000, '2026-05-05', 'a');
UPDATE recent SET note = 'b' WHERE id = 1000;
DELETE FROM events WHERE id = 1000;
SELECT note, events FROM counted;
SELECT id FROM of_recent;

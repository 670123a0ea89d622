INSERT INTO visits (id, day, user_id, note) VALUES (1000, '2026-05-05', 7, ' old ')
ON CONFLICT (id, day) DO UPDATE SET note = EXCLUDED.note;
UPDATE visits SET note = note || '!' WHERE id = 1000;
DELETE FROM visits WHERE id = 1000;
SELECT * FROM visits;

INSERT INTO visits (id, day, user_id, note) VALUES (2000, '2026-05-05', 7, ' new ')
ON CONFLICT (id, day) DO UPDATE SET note = EXCLUDED.note;
UPDATE visits SET note = note || '!' WHERE id = 2000;
DELETE FROM visits WHERE id = 2000;
SELECT * FROM visits;

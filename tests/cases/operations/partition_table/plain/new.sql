INSERT INTO events (at, body) VALUES ('2026-05-05 00:00+00', 'written by the new version');
UPDATE events SET body = body || '!' WHERE at = '2026-05-05 00:00+00';
DELETE FROM events WHERE at = '2026-05-05 00:00+00';
SELECT id, at, body FROM events;

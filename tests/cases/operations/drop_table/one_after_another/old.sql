UPDATE users SET name = 'changed by old' WHERE id = 7;
INSERT INTO visits (session_id, page) SELECT min(id), 'shop' FROM sessions;
DELETE FROM visits WHERE page = 'shop';
SELECT page FROM pages;

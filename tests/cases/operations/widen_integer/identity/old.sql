INSERT INTO events (kind) VALUES ('old');
INSERT INTO events (kind, parent_id) SELECT 'child', max(id) FROM events;
DELETE FROM events WHERE parent_id IS NULL AND id = (SELECT max(id) FROM events WHERE kind = 'old')
    AND NOT EXISTS (SELECT FROM events AS e WHERE e.parent_id = events.id);

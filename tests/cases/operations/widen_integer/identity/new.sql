INSERT INTO events (kind, parent_id) SELECT 'new', max(id)::bigint FROM events;
UPDATE events SET kind = 'new' WHERE id = 15::bigint;
SELECT kind, count(*) FROM events GROUP BY id;

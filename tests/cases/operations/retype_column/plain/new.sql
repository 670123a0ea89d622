INSERT INTO events (payload, extra) VALUES ('{"kind": "new", "c": 2}'::jsonb, '[]'::jsonb);
UPDATE events SET payload = payload || '{"seen": true}' WHERE id = 4;
UPDATE events SET extra = '{"a": 2.0}' WHERE extra @> '{"a": 2.00}';
SELECT id FROM events WHERE payload @> '{"kind": "k2"}';

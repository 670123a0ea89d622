INSERT INTO events (payload, extra) VALUES ('{"kind":  "old", "b": 1, "a": 1.50}'::json, NULL);
INSERT INTO events (label) VALUES (NULL);
UPDATE events SET extra = '{"z": 1,  "a": 2}' WHERE id = 1;
UPDATE events SET extra = NULL WHERE id = 2;
UPDATE events SET payload = json_build_object('kind', payload ->> 'kind', 'n', 7) WHERE id = 3;
SELECT id, payload -> 'n' FROM events WHERE payload ->> 'kind' = 'k1';

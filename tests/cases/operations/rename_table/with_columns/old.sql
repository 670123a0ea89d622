INSERT INTO engine_run (id, engine_id, note, parent_run) VALUES (1000, 3, 'old', 5)
ON CONFLICT (engine_id, note) WHERE note IS NOT NULL
DO UPDATE SET note = EXCLUDED.note, state = 'again', parent_run = engine_run.id
RETURNING id, engine_id, note, parent_run, size;
INSERT INTO engine_run (id, engine_id) VALUES (1001, 4)
ON CONFLICT (id) DO UPDATE SET engine_id = engine_run.engine_id % 20 + 1;
UPDATE engine_run AS r SET note = 'of ' || r.engine_id, parent_run = r.id FROM engine AS e
WHERE r.id = 7 AND e.id = r.engine_id RETURNING r.note, r.parent_run;
DELETE FROM engine_run WHERE engine_id = 9 AND note = 'n8';
SELECT engine_id, note, parent_run FROM engine_run WHERE parent_run = 7 FOR UPDATE;
SELECT engine_id FROM runs WHERE id = 1;

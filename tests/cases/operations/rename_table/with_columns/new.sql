INSERT INTO lens_run (id, lens_id, parent_run, note) VALUES (2000, 3, 'new', 6)
ON CONFLICT (lens_id, parent_run) WHERE parent_run IS NOT NULL
DO UPDATE SET parent_run = EXCLUDED.parent_run, state = 'again', note = lens_run.id
RETURNING id, lens_id, note, parent_run, size;
UPDATE lens_run SET parent_run = 'changed by new', note = id WHERE id = 11;
SELECT lens_id, note, parent_run FROM lens_run WHERE note = 11 FOR UPDATE;
SELECT engine_id FROM runs WHERE id = 1;

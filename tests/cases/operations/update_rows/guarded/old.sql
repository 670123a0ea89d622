INSERT INTO runs (id, kind_id, label) SELECT max(id) + 1, 3, 'old' FROM runs;
UPDATE runs SET kind_id = 3 WHERE id = 5;

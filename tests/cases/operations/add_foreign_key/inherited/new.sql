INSERT INTO memos VALUES (12, 98);
UPDATE notes SET person_id = 2 WHERE id = 1;

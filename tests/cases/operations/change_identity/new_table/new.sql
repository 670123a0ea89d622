INSERT INTO notes (body) VALUES ('new');
SELECT 1 / count(*) FROM notes;

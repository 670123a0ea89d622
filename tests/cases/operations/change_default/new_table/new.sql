INSERT INTO notes (id) VALUES (1) ON CONFLICT DO NOTHING;
SELECT 1 / count(*) FROM notes WHERE body = '' AND author IS NULL;

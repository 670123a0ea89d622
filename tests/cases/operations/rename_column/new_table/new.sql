INSERT INTO tags (id, name) VALUES (1, 'a') ON CONFLICT (id) DO NOTHING;
SELECT id, name FROM tags;

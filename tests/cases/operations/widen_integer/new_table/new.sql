INSERT INTO notes DEFAULT VALUES;
INSERT INTO tags (id) SELECT coalesce(max(id), 0) + 1 FROM tags;

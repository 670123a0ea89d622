INSERT INTO members (id, role_id) SELECT coalesce(max(id), 0) + 1, 3 FROM members;
UPDATE members SET role_id = 3 WHERE id = 4;

UPDATE members SET role_id = members.role_id + r.id FROM roles AS r WHERE r.name = 'guest' AND members.id = 1;
UPDATE members SET role_id = (SELECT id FROM roles LIMIT 1);
UPDATE members SET total = 1 WHERE id = 1;
UPDATE members SET missing = 1 WHERE id = 1;

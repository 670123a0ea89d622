DELETE FROM grants AS g USING roles AS r WHERE r.id = g.role_id AND r.name = 'guest';
DELETE FROM roles WHERE name = 'guest' AND NOT EXISTS (SELECT FROM grants WHERE role_id = roles.id);

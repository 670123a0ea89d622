INSERT INTO roles (id, name) VALUES (10, 'reader'), (11, 'guest');
SELECT setval('roles_id_seq', (SELECT max(id) FROM roles));

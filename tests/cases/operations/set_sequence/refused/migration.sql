ALTER SEQUENCE roles_id_seq RESTART;
SELECT setval('roles_id_seq', (SELECT max(place) FROM roles));
SELECT setval('roles_id_seq', id) FROM roles;
SELECT setval('rolls_id_seq', 7);

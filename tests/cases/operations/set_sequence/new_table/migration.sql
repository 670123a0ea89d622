CREATE TABLE people (id serial PRIMARY KEY, user_id bigint UNIQUE, city text);
INSERT INTO people (id, user_id, city) SELECT id, id, city FROM users;
SELECT pg_catalog.setval('public.people_id_seq', (SELECT max(id) FROM people), true);
ALTER SEQUENCE people_id_seq RESTART WITH 1000;

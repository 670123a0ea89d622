CREATE TABLE names (id bigint PRIMARY KEY, name text);
DROP VIEW first_named;
DROP VIEW IF EXISTS named;
DROP VIEW IF EXISTS no_such_view;

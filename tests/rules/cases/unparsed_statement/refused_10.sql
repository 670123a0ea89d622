CREATE TABLE names AS SELECT fix(name) AS name FROM users;

-- As written it fails on a table with rows.
CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL);

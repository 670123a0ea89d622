CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL, size integer NOT NULL DEFAULT 1, age integer, code bigserial);

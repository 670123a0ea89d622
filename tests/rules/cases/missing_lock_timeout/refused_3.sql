CREATE TABLE fresh (id bigint PRIMARY KEY REFERENCES away (id));

CREATE SEQUENCE numbers START 1000;
ALTER SEQUENCE numbers INCREMENT BY -5;
CREATE TABLE people (id serial PRIMARY KEY, number bigint DEFAULT nextval('numbers'));
ALTER SEQUENCE people_id_seq AS bigint START 7 CACHE 10;
ALTER SEQUENCE numbers OWNED BY people.number;

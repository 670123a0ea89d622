CREATE SCHEMA archive;
CREATE TABLE users (id bigint PRIMARY KEY, email text);
CREATE TABLE archive.users (id bigint);
CREATE TABLE notes (id bigint PRIMARY KEY);
CREATE TABLE other (id bigint CONSTRAINT taken PRIMARY KEY);
CREATE TABLE archive.taken (id bigint);
CREATE TABLE named (id bigint);
CREATE FUNCTION counted() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM named';

CREATE TYPE a AS ENUM ('x', 'y');
CREATE TYPE b AS ENUM ('x', 'y');
CREATE TYPE c AS ENUM ('x', 'y');
CREATE TYPE d AS ENUM ('x', 'y');
COMMENT ON TYPE d IS 'said';
CREATE TABLE ta (id bigint PRIMARY KEY, v a);
CREATE TABLE tb (id bigint PRIMARY KEY, v b);
CREATE TABLE tc (id bigint PRIMARY KEY, v c);
CREATE TABLE td (id bigint PRIMARY KEY, v d);

CREATE TYPE mood AS ENUM ('glad');
CREATE TABLE parent (id bigint PRIMARY KEY, name text);
CREATE TABLE child (id bigint PRIMARY KEY, parent_id bigint, x text, mood mood);
INSERT INTO parent VALUES (1, 'a');

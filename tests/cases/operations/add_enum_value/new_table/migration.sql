CREATE TABLE fresh (id bigint PRIMARY KEY, mood mood);
ALTER TYPE mood ADD VALUE 'glad' AFTER 'ok';

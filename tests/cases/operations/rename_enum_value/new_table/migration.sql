CREATE TYPE colour AS ENUM ('rde', 'green');
CREATE TABLE fresh (id bigint PRIMARY KEY, colour colour DEFAULT 'rde');
ALTER TYPE colour RENAME VALUE 'rde' TO 'red';

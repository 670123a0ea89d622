CREATE TYPE triple AS (a int);
ALTER TYPE triple ADD ATTRIBUTE b int;

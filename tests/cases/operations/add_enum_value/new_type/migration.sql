CREATE TYPE colour AS ENUM ('red');
ALTER TYPE colour ADD VALUE 'green';
ALTER TYPE colour ADD VALUE 'blue' BEFORE 'red';
ALTER TABLE users ADD COLUMN colour colour;

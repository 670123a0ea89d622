CREATE TABLE places (user_id bigint, x int, y int);
ALTER TABLE users DROP COLUMN at;
DROP TYPE place;

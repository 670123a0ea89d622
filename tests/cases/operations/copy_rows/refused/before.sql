CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, name text, role text);
CREATE TABLE totals (role text PRIMARY KEY, users bigint NOT NULL DEFAULT 0);
CREATE TABLE log (id bigserial PRIMARY KEY, user_id bigint NOT NULL, note text);
CREATE TABLE audited (id bigint PRIMARY KEY);
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER keep BEFORE INSERT ON audited FOR EACH ROW EXECUTE FUNCTION keep();
CREATE TABLE events (id bigint, day date) PARTITION BY RANGE (day);

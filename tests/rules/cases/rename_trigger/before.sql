CREATE TABLE orgs (id bigint PRIMARY KEY);
CREATE TABLE users (
    id bigint PRIMARY KEY,
    org_id bigint NOT NULL,
    email varchar(50) NOT NULL,
    name text
);
CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER a BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION noop();

-- A schema with everything that statements.py changes, one statement at a time.
CREATE SCHEMA app;
CREATE SCHEMA "Upper Case";
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE pair AS (a int, b text);
CREATE TYPE app.span AS RANGE (subtype = float8);
CREATE SEQUENCE counter;
CREATE SEQUENCE app.loose;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE FUNCTION twice(n int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT n * 2';
CREATE FUNCTION twice(n text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT n || n';
CREATE FUNCTION app.alone() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TABLE team (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    code text,
    mood mood DEFAULT 'ok',
    size positive,
    CHECK (length(name) > 1)
);
CREATE TABLE member (
    id serial PRIMARY KEY,
    team_id bigint NOT NULL REFERENCES team,
    email varchar(80) CONSTRAINT one_email UNIQUE,
    boss int REFERENCES member,
    joined timestamptz DEFAULT now(),
    a int,
    b numeric(10, 2),
    total numeric GENERATED ALWAYS AS (a + b) STORED,
    moods mood[],
    UNIQUE (a, b),
    CONSTRAINT a_b CHECK (a < b)
);
ALTER TABLE member ADD CONSTRAINT later CHECK (a > 0) NOT VALID;
CREATE INDEX member_lower ON member (lower(email));
CREATE INDEX ON member (joined DESC) WHERE a > 0;
CREATE UNIQUE INDEX member_team ON member (team_id, id);
CREATE FUNCTION half(n int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT n / 2';
CREATE INDEX member_half ON member (half(a));
CREATE TRIGGER touched BEFORE UPDATE ON member FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER of_email BEFORE UPDATE OF email ON member FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TABLE event (
    id bigint NOT NULL,
    at date NOT NULL,
    kind mood,
    team_id bigint REFERENCES team,
    note text DEFAULT '-',
    PRIMARY KEY (id, at),
    CHECK (id > 0)
) PARTITION BY RANGE (at);
CREATE INDEX event_kind ON event (kind);
CREATE TABLE event_2024 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE event_rest PARTITION OF event FOR VALUES FROM ('2026-01-01') TO (MAXVALUE)
    PARTITION BY RANGE (at);
CREATE TABLE event_2026 PARTITION OF event_rest FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE event_2025 (LIKE event INCLUDING ALL);
CREATE TABLE event_bare (
    id bigint NOT NULL CHECK (id > 0), at date NOT NULL, kind mood, team_id bigint, note text
);
ALTER TABLE event_bare RENAME CONSTRAINT event_bare_id_check TO event_id_check;
CREATE INDEX own_kind ON event_bare (kind);
CREATE TRIGGER touched BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TABLE animal (id int NOT NULL, name text DEFAULT 'x', CHECK (id > 0));
CREATE TABLE dog (bark text NOT NULL) INHERITS (animal);
CREATE TABLE puppy (PRIMARY KEY (id)) INHERITS (dog);
CREATE TABLE app.item (
    id int,
    n bigint DEFAULT nextval('counter'),
    owner bigint REFERENCES team ON DELETE CASCADE,
    pair pair,
    span app.span,
    UNIQUE (id),
    FOREIGN KEY (id) REFERENCES member (id)
);
CREATE UNIQUE INDEX item_of ON app.item (owner) INCLUDE (n);
CREATE TABLE app.part (item int, other int REFERENCES app.item (id));
CREATE TABLE "Upper Case"."Ta""ble" (
    "Id" int PRIMARY KEY,
    "c d" text UNIQUE,
    "select" serial
);
CREATE TABLE a_table_with_a_name_that_is_exactly_as_long_as_postgresql_lets (
    a_column_with_a_name_that_is_exactly_as_long_as_postgresql_lets int UNIQUE,
    "die Größe des Größten unter allen Größen, die größer" serial,
    x int
);
CREATE TABLE "größe" ("größe_größe_größe_größe_größe_größe_größe_g" int UNIQUE, b int);
CREATE VIEW team_names AS SELECT id, name FROM team;
CREATE VIEW app.loud AS SELECT upper(name) AS name FROM team_names;
CREATE MATERIALIZED VIEW totals AS SELECT team_id, sum(total) AS total FROM member GROUP BY 1;
CREATE VIEW every_event AS SELECT * FROM event;

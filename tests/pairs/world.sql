CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TYPE of_nobody AS ENUM ('a', 'b');
CREATE TABLE folder (
  id bigint PRIMARY KEY,
  code varchar(20) DEFAULT '1',
  note varchar(20) DEFAULT '1',
  size integer DEFAULT 1,
  price numeric(10,2) DEFAULT 1,
  CONSTRAINT folder_size_check CHECK (size > 0)
);
CREATE INDEX folder_code_old ON folder (code);
CREATE INDEX folder_note_old ON folder (note);
CREATE TABLE doc (
  id bigint PRIMARY KEY,
  code varchar(20) DEFAULT '1',
  note varchar(20) DEFAULT '1',
  size integer DEFAULT 1,
  folder_id bigint REFERENCES folder (id),
  price numeric(10,2) DEFAULT 1,
  CONSTRAINT doc_size_check CHECK (size > 0)
);
CREATE INDEX doc_code_old ON doc (code);
CREATE INDEX doc_note_old ON doc (note);
CREATE TABLE keyless1 (id bigint NOT NULL);
CREATE TABLE keyless2 (id bigint NOT NULL);
CREATE TABLE placed1 (id bigint PRIMARY KEY, place text);
CREATE TABLE placed2 (id bigint PRIMARY KEY, place text);
CREATE TABLE keyed1 (id bigint, n int, CONSTRAINT keyed1_key UNIQUE (id, n));
CREATE TABLE keyed2 (id bigint, n int, CONSTRAINT keyed2_key UNIQUE (id, n));
CREATE TABLE whole1 (id bigint NOT NULL, said text DEFAULT 'a');
CREATE TABLE whole2 (id bigint NOT NULL, said text DEFAULT 'a');
CREATE TABLE parted1 (id bigint NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE parted1_a PARTITION OF parted1 FOR VALUES FROM (0) TO (100);
CREATE TABLE loose1 (id bigint NOT NULL);
CREATE TABLE parted2 (id bigint NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE parted2_a PARTITION OF parted2 FOR VALUES FROM (0) TO (100);
CREATE TABLE loose2 (id bigint NOT NULL);
CREATE SEQUENCE counted1;
CREATE SEQUENCE counted2;
INSERT INTO folder (id, code, note) SELECT n, ' 1' || n, ' 1' || n FROM generate_series(1, 20) AS n;
INSERT INTO doc (id, code, note, folder_id)
SELECT n, ' 1' || n, ' 1' || n, n FROM generate_series(1, 20) AS n;
CREATE FUNCTION noting() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER noted AFTER UPDATE ON keyless1 FOR EACH ROW EXECUTE FUNCTION noting();
CREATE TRIGGER noted AFTER UPDATE ON keyless2 FOR EACH ROW EXECUTE FUNCTION noting();
CREATE FUNCTION one1(a integer) RETURNS integer LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
CREATE FUNCTION one2(a integer) RETURNS integer LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
CREATE VIEW seen1 AS SELECT id FROM keyed1;
CREATE VIEW seen2 AS SELECT id FROM keyed2;
CREATE PUBLICATION sent1;
CREATE PUBLICATION sent2;
GRANT USAGE, CREATE ON SCHEMA public TO pg_monitor;

-- What tolerates one row without the column refuses the second, or an update of the other column.
CREATE DOMAIN address AS text NOT NULL CHECK (VALUE LIKE '%@%');
CREATE TABLE teams (area int, number int, PRIMARY KEY (area, number));
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, code text NOT NULL DEFAULT '' UNIQUE,
    mail address NOT NULL, area int, number int, name text, gone timestamptz, at tsrange, room text,
    FOREIGN KEY (area, number) REFERENCES teams MATCH FULL,
    EXCLUDE USING gist (at WITH &&) WHERE (room = 'a'));
CREATE UNIQUE INDEX by_email ON users (coalesce(email, ''));
CREATE UNIQUE INDEX by_name ON users (name) WHERE gone IS NULL;

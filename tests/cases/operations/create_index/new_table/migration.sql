CREATE TABLE notes (id integer PRIMARY KEY, body text);
CREATE INDEX ON notes (body);
CREATE INDEX CONCURRENTLY notes_upper ON notes (upper(body));

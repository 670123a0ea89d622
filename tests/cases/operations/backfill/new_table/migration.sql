CREATE TABLE notes (id integer PRIMARY KEY, body text);
INSERT INTO notes VALUES (1, 'a'), (2, 'b');
UPDATE notes SET id = id + 10, body = body || '!';

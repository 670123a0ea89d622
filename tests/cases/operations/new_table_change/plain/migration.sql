CREATE TABLE notes (id integer, body text, junk text);
ALTER TABLE notes ADD PRIMARY KEY (id), ADD COLUMN user_id bigint, DROP COLUMN junk;
ALTER TABLE notes ADD CONSTRAINT notes_user FOREIGN KEY (user_id) REFERENCES users (id);
ALTER TABLE notes ALTER COLUMN body TYPE varchar(100);
ALTER TABLE notes RENAME COLUMN body TO text;
COMMENT ON TABLE notes IS 'what people write';
INSERT INTO notes (id, text) VALUES (1, 'first');
CREATE UNIQUE INDEX ON notes (text);
ALTER TABLE notes ALTER COLUMN text SET NOT NULL;

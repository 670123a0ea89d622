CREATE TABLE labels (id bigint PRIMARY KEY, label text NOT NULL);
INSERT INTO labels VALUES (2, 'two');
DROP FUNCTION label(bigint, text);

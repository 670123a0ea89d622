CREATE TABLE tags (id bigint PRIMARY KEY, word text);
ALTER TABLE tags SET (fillfactor = 70);
ALTER TABLE users ALTER COLUMN email SET STATISTICS 10;

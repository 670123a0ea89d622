CREATE TABLE tags (id bigint PRIMARY KEY, word text);
DROP INDEX CONCURRENTLY users_name;

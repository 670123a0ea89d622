CREATE INDEX CONCURRENTLY users_name_2 ON users (name, email);
DROP INDEX CONCURRENTLY users_name;

DROP INDEX CONCURRENTLY users_name;
CREATE INDEX CONCURRENTLY users_name_2 ON users (name, email);

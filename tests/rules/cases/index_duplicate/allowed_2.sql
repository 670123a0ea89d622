CREATE INDEX CONCURRENTLY users_name_2 ON users (name) WHERE email <> '';

SET lock_timeout = 0;
CREATE INDEX CONCURRENTLY users_name ON users (name);

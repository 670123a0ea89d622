CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_nickname ON users (nickname) INCLUDE (email);

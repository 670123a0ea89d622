CREATE UNIQUE INDEX CONCURRENTLY users_email ON users (email);
SET lock_timeout = '2s';
ALTER TABLE users ADD CONSTRAINT users_mail UNIQUE (email);

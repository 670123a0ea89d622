CREATE INDEX not_read ON users (email);
